"""From a study's definition to overrides, and from overrides to run folders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import RunConfig
from harness.config import resolve as resolve_run
from harness.config.conditions import walk
from harness.config.constraints import Constraint
from harness.config.space import Choices, Dimension, Value
from harness.config.study import Point, StudyConfig
from harness.errors import ConfigError
from harness.runs import RunFolder
from harness.runs.provenance import Provenance

TRIES_A_VALUE = 3
MOST_CORNERS = 20_000
"""Combinations of choices and ends that are looked through for values to try."""


@dataclass(frozen=True)
class Resolved:
    """A run's resolved configuration and its schedule, as a manifest keeps them."""

    config: dict[str, Any]
    schedule: dict[str, Any] | None


FRACTIONS = 16
"""Into so many parts a range is divided to look for a point that satisfies the constraints."""

Resolver = Callable[[Sequence[str]], Resolved]


def resolve(overrides: Sequence[str]) -> Resolved:
    """The resolver of real runs. Raises ConfigError."""
    config: RunConfig = resolve_run(overrides)
    schedule = config.schedule.bands.to_dict() if config.schedule is not None else None
    return Resolved(config.to_dict(), schedule)


def points(study: StudyConfig) -> list[Point]:
    """The trials known in advance: the list, then every combination of a grid."""
    return [*study.trials, *(grid(study) if study.sampler == "grid" else [])]


def grid(study: StudyConfig) -> list[Point]:
    """Every point of the space that satisfies the constraints, the last dimension varying fastest.

    Of a range with a step every value is taken. A dimension that is not active is left out of the point, so no
    point comes twice; one that depends on a later dimension varies faster than that.
    """
    return [drawn_point(params) for params in grid_params(study)] if study.space else []


def grid_params(study: StudyConfig) -> Iterator[dict[str, Value]]:
    """The points of a grid as key -> value of the active dimensions. Raises ConfigError for a range without a step."""
    return walk(study.space, study.constraints, _grid_values)


def drawn_point(params: Mapping[str, Value]) -> Point:
    """The point of the sampler's parameters, override key -> value."""
    overrides = tuple(f"{key}={hydra_text(value)}" for key, value in params.items())
    return Point(" ".join(overrides), overrides)


def hydra_text(value: Value) -> str:
    """The value as Hydra's override grammar reads it back."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def run_overrides(study: StudyConfig, point: Sequence[str], seed: int) -> list[str]:
    """All overrides of a run; later ones win."""
    return [*study.base, *point, f"seed={seed}"]


def create_run(path: Path, resolved: Resolved, title: str, origin: Provenance) -> RunFolder:
    """Creates the run's folder; it knows where it is and what its trial is called."""
    config = {**resolved.config, "run": {"dir": str(path), "name": title}}
    return RunFolder.create(path, config, resolved.schedule, origin)


def resolved_points(study: StudyConfig, resolve: Resolver) -> list[dict[str, Any]]:
    """The configuration of every point, without what differs between its runs. A ConfigError names the point.

    So a study with a misspelt trial is refused before its first run, not after a night. Of a space to draw from every
    choice and the ends of every range are resolved, too, and not returned: they need not be among the trials.
    """
    if study.n_trials:
        _check_values(study, resolve)
    configs = [_config(study, point, resolve) for point in points(study)]
    return [{key: value for key, value in each.items() if key not in ("seed", "run", "wandb")} for each in configs]


def _check_values(study: StudyConfig, resolve: Resolver) -> None:
    """Refuses a value of the space that no configuration takes, of TRIES_A_VALUE that have it."""
    corner(study)  # refuses a space without a point
    having: dict[tuple[str, Value], list[Point]] = {}
    for values in itertools.islice(walk(study.space, study.constraints, _ends), MOST_CORNERS):
        for item in values.items():
            if len(points := having.setdefault(item, [])) < TRIES_A_VALUE:
                points.append(drawn_point(values))
    taken: dict[Point, ConfigError | None] = {}
    for points in having.values():
        errors = []
        for point in points:
            errors.append(_refusal(study, point, resolve, taken))
            if errors[-1] is None:
                break
        if errors[-1] is not None:
            raise errors[0] or errors[-1]


def _refusal(
    study: StudyConfig, point: Point, resolve: Resolver, taken: dict[Point, ConfigError | None]
) -> ConfigError | None:
    if point not in taken:
        try:
            _config(study, point, resolve)
            taken[point] = None
        except ConfigError as error:
            taken[point] = error
    return taken[point]


def _ends(dim: Dimension) -> tuple[Value, ...]:
    """Every choice; of a range its ends, and the values beside it."""
    if isinstance(dim, Choices):
        return dim.choices
    return (dim.low, dim.at(dim.steps) if dim.step is not None else dim.high, *dim.others)


def corner(study: StudyConfig) -> Point:
    """The point with the first choice and the lowest value of each dimension, or near it where that is constrained.

    Raises:
        ConfigError: none of the looked-at points satisfies the constraints.
    """
    first = next(walk(study.space, study.constraints, lambda dim: _samples(dim, study.constraints)), None)
    if first is None:
        raise ConfigError(
            "a space must have a point that satisfies its constraints",
            f"none of {', '.join(repr(each.text) for each in study.constraints)}, on {FRACTIONS + 1} values of a range",
            "Widen the ranges, or leave out a constraint.",
        )
    return drawn_point(first)


def _grid_values(dim: Dimension) -> tuple[Value, ...]:
    if dim.values is None:
        raise ConfigError(
            "a grid must have choices in every dimension, or a range with a step",
            f"a range for {dim.key}",
            "List choices, or give it a step.",
        )
    return dim.values


def _samples(dim: Dimension, constraints: Sequence[Constraint]) -> tuple[Value, ...]:
    """All choices; of a range some values from its lowest on, and the bounds that constraints set on it."""
    if isinstance(dim, Choices):
        return dim.choices
    if dim.step is not None:
        apart = max(1, dim.steps // FRACTIONS)
        places = sorted({*range(0, dim.steps + 1, apart), dim.steps})
        return (*(dim.at(place) for place in places), *dim.others)
    numbers = [each.other for each in constraints if each.key == dim.key and isinstance(each.other, (int, float))]
    between = [dim.low + (dim.high - dim.low) * part / FRACTIONS for part in range(1, FRACTIONS)]
    inside = {dim.low, dim.high, *between, *(number for number in numbers if dim.low <= number <= dim.high)}
    found = sorted({round(value) for value in inside} if dim.whole else inside)
    return (*found, *dim.others)


def _config(study: StudyConfig, point: Point, resolve: Resolver) -> dict[str, Any]:
    try:
        return resolve(run_overrides(study, point.overrides, study.seeds[0])).config
    except ConfigError as error:
        raise ConfigError(f"trial {point.title!r}: {error.rule}", error.value, error.remedy) from error
