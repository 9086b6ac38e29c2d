"""The unused point of a finite space that is nearest to what a sampler wanted and could not have."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from harness.config.space import Choices, Dimension, Value, is_number


def by_nearness(
    space: Sequence[Dimension], points: Sequence[dict[str, Value]], wanted: Sequence[Mapping[str, Value]], seed: int
) -> list[dict[str, Value]]:
    """The points, the nearest to the wanted ones on the average first; equal ones in an order drawn with `seed`."""
    order = list(points)
    random.Random(seed).shuffle(order)
    return sorted(order, key=lambda point: sum(distance(space, point, each) for each in wanted))


def distance(space: Sequence[Dimension], one: Mapping[str, Value], other: Mapping[str, Value]) -> float:
    """Between 0 and the number of dimensions; 1 for each category that differs, or is active in one point alone."""
    return sum(_apart(dim, one, other) for dim in space)


def _apart(dim: Dimension, one: Mapping[str, Value], other: Mapping[str, Value]) -> float:
    if (dim.key in one) != (dim.key in other):
        return 1.0
    if dim.key not in one or one[dim.key] == other[dim.key]:
        return 0.0
    ranks = _ranks(dim)
    here, there = ranks.get(one[dim.key]), ranks.get(other[dim.key])
    return 1.0 if here is None or there is None else abs(here - there) / max(1, len(ranks) - 1)


def _ranks(dim: Dimension) -> dict[Value, int]:
    """The place of each value where all are numbers, which are then nearer or farther; else none has one."""
    values = dim.values or ()
    if isinstance(dim, Choices) and not all(map(is_number, values)):
        return {}
    return {value: place for place, value in enumerate(sorted(values, key=lambda value: float(value or 0)))}
