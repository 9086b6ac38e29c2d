"""The Pareto front of several objectives. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.config.objective import DIRECTIONS
from harness.errors import InputError, unknown


def front(points: Sequence[tuple[float, ...]], directions: Sequence[str]) -> list[int]:
    """The indices of the points that no other point dominates, rising.

    One dominates another when it is at least as good in every objective and better in one; so points that are equal
    are on the front together.

    Args:
        points: one value for each objective.
        directions: minimize or maximize, one for each objective.

    Raises:
        InputError: a point without a number for each objective.
        ConfigError: an unknown direction.
    """
    if wrong := set(directions) - set(DIRECTIONS):
        raise unknown("directions", wrong, DIRECTIONS)
    for point in points:
        if len(point) != len(directions) or any(map(math.isnan, point)):
            raise InputError(f"a point must have a number for each of {len(directions)} objectives", repr(point))
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in directions]
    costs = [tuple(sign * value for sign, value in zip(signs, point, strict=True)) for point in points]
    members: list[int] = []
    # In lexicographic order what dominates a point comes before it, and if anything does, a member does.
    for index in sorted(range(len(costs)), key=lambda index: costs[index]):
        if not any(_dominates(costs[member], costs[index]) for member in members):
            members.append(index)
    return sorted(members)


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine <= its for mine, its in zip(one, other, strict=True))
