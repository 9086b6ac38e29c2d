"""How large the grid of a space is, and how many of its points are the same run by canonical form."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

from harness.config.study import StudyConfig
from sweeps.plan import Resolver, drawn_point, grid_params, run_overrides
from sweeps.search.canonical import canonical

MOST_COUNTED = 100_000
MOST_RESOLVED = 500
"""Resolving a configuration takes some milliseconds."""


@dataclass(frozen=True)
class Size:
    """Of the grid of a space. `points` is None where a dimension is continuous, `same` also where nobody counted."""

    continuous: tuple[str, ...]
    """Ranges without a step."""
    points: int | None = None
    at_least: bool = False
    """Whether there are more than `points`: the counting ended."""
    same: int | None = None
    """Points that compute the same run as an earlier one."""


def grid_size(study: StudyConfig, resolve: Resolver | None, *, target: bool = True) -> Size:
    """Distinct points of the grid, and those of them that are the same by canonical form (`target`: see there).

    Args:
        resolve: None: no configuration is resolved and compared.

    Raises:
        ConfigError: a point that no run may start with.
    """
    continuous = tuple(dim.key for dim in study.space if dim.values is None)
    if continuous or not study.space:
        return Size(continuous, None if continuous else 0)
    if not study.constraints and not any(dim.when for dim in study.space):
        points = math.prod(len(dim.values or ()) for dim in study.space)
    else:
        points = sum(1 for _ in itertools.islice(grid_params(study), MOST_COUNTED + 1))
        if points > MOST_COUNTED:
            return Size((), MOST_COUNTED, at_least=True)
    if resolve is None or points > MOST_RESOLVED:
        return Size((), points)
    forms = Counter(
        canonical(resolve(run_overrides(study, drawn_point(params).overrides, study.seeds[0])).config, target=target)
        for params in grid_params(study)
    )
    return Size((), points, same=points - len(forms))
