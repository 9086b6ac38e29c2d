"""From a study's definition to overrides, and from overrides to run folders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import RunConfig
from harness.config import resolve as resolve_run
from harness.config.space import Choices, Value
from harness.config.study import Point, StudyConfig
from harness.errors import ConfigError
from harness.runs import RunFolder
from harness.runs.provenance import Provenance


@dataclass(frozen=True)
class Resolved:
    """A run's resolved configuration and its schedule, as a manifest keeps them."""

    config: dict[str, Any]
    schedule: dict[str, Any] | None


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
    """Every combination of the space's choices, the last dimension varying fastest."""
    choices = [[(dim.key, value) for value in dim.choices] for dim in study.space if isinstance(dim, Choices)]
    return [drawn_point(dict(combination)) for combination in itertools.product(*choices)] if choices else []


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

    So a study with a misspelt trial is refused before its first run, not after a night. Of a space to draw from
    the corner is resolved, too, and not returned: it need not be one of the trials.
    """
    if study.n_trials:
        _config(study, corner(study), resolve)
    configs = [_config(study, point, resolve) for point in points(study)]
    return [{key: value for key, value in each.items() if key not in ("seed", "run", "wandb")} for each in configs]


def corner(study: StudyConfig) -> Point:
    """The point with the first choice and the lowest value of each dimension of the space."""
    return drawn_point({dim.key: dim.choices[0] if isinstance(dim, Choices) else dim.low for dim in study.space})


def _config(study: StudyConfig, point: Point, resolve: Resolver) -> dict[str, Any]:
    try:
        return resolve(run_overrides(study, point.overrides, study.seeds[0])).config
    except ConfigError as error:
        raise ConfigError(f"trial {point.title!r}: {error.rule}", error.value, error.remedy) from error
