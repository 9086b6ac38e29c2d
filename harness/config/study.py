"""The definition of a study: the trials to run, on which seeds, for which objectives, and how it spends what it may.

A trial is a list of run overrides, given under `trials` or drawn from `space`; a run is a trial on one seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from harness.config.conditions import check_space
from harness.config.constraints import Constraint
from harness.config.group import mapping, read, typed
from harness.config.objective import Objective
from harness.config.promotion import Promotion
from harness.config.pruning import Pruning
from harness.config.space import Choices, Range, dimension
from harness.errors import ConfigError, unknown

SAMPLERS = ("tpe", "random", "grid", "qmc", "gp", "cmaes", "nsgaii")


MOST_SEED = 2**31
SINGLE = ("cmaes",)
"""Samplers for a single objective."""
UNSAID = ("constraints", "sampler_seed", "also", "pruning", "promotion", "budget", "warm_start")
"""Keys that a frozen study has only where they are set."""


@dataclass(frozen=True)
class Point:
    """One trial: its run overrides, and the title it has in tables and figures."""

    title: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class StudyConfig:
    """A study. The sampler `grid` takes every combination of `space`; the others draw `n_trials` points."""

    name: str
    title: str
    objective: Objective
    seeds: tuple[int, ...]
    base: tuple[str, ...] = ()
    """Run overrides of every trial; a trial's own come after them and win."""
    trials: tuple[Point, ...] = ()
    space: tuple[Choices | Range, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    sampler: str = "tpe"
    n_trials: int = 0
    sampler_seed: int = 0
    """Another one gives other draws; the same study draws the same while its values are."""
    parallel: int = 1
    """Runs at a time: no part of what the study is, so it may change from one start to the next."""
    also: tuple[Objective, ...] = ()
    """Further objectives; with them there is a Pareto front and no single best."""
    pruning: Pruning = field(default_factory=Pruning)
    promotion: Promotion | None = None
    """Which configurations get further seeds; null: all keep to `seeds`."""
    budget: float | None = None
    """GPU-hours (hours of jobs without GPUs) that it may cost in all; may change, like `parallel`; null: no limit."""
    warm_start: tuple[str, ...] = ()
    """Folders of studies whose configurations and values the sampler learns from before its first draw."""

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or Path(self.name).name != self.name:
            raise ConfigError("study.name must do as the name of a folder", repr(self.name), "Set e.g. name=demo.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError("study.seeds must be different, at least one", str(list(self.seeds)), "Set seeds=[1,2].")
        if self.parallel < 1:
            raise ConfigError("study.parallel must be >= 1 run at a time", str(self.parallel), "Set parallel=1.")
        if self.sampler not in SAMPLERS:
            raise unknown("samplers", [self.sampler], SAMPLERS)
        if not self.trials and not self.space:
            raise ConfigError("a study must have trials or a space", "neither", "List trials, or give a space.")
        check_space(self.space, self.constraints)
        self._check_drawing()
        self._check_spending()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The first one, and the further ones in their order."""
        return (self.objective, *self.also)

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Raises ConfigError: unknown keys (the valid ones are listed), wrong types, broken rules."""
        found = mapping(values, "study")
        for key, kind in (("seeds", int), ("base", str), ("warm_start", str)):
            found |= {key: _items(key, found[key], kind)} if key in found else {}
        if "objective" in found:
            found["objective"] = Objective.from_dict(found["objective"])
        if "also" in found:
            further = enumerate(_list("also", found["also"]))
            found["also"] = tuple(Objective.from_dict(each, f"also[{place}]") for place, each in further)
        if found.get("pruning") is not None:
            found["pruning"] = Pruning.from_dict(found["pruning"])
        if found.get("promotion") is not None:
            found["promotion"] = Promotion.from_dict(found["promotion"])
        if found.get("pruning", "") is None:
            del found["pruning"]
        if "trials" in found:
            found["trials"] = tuple(_point(f"trials[{i}]", p) for i, p in enumerate(_list("trials", found["trials"])))
        if "space" in found:
            space = mapping(found["space"], "space")
            found["space"] = tuple(dimension(key, dim) for key, dim in space.items())
        if "constraints" in found:
            found["constraints"] = tuple(map(Constraint.parse, _list("constraints", found["constraints"])))
        return read(cls, found, "study", "a study")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is the inverse. What is not said is left out, as an older version left it out."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in UNSAID}
        return {
            **plain,
            **self._said(),
            "objective": self.objective.to_dict(),
            "seeds": list(self.seeds),
            "base": list(self.base),
            "trials": [{"title": point.title, "overrides": list(point.overrides)} for point in self.trials],
            "space": {dim.key: dim.to_dict() for dim in self.space},
        }

    def _said(self) -> dict[str, Any]:
        """Of the keys UNSAID those that do not have their default."""
        said: dict[str, Any] = {}
        if self.constraints:
            said["constraints"] = [constraint.text for constraint in self.constraints]
        if self.sampler_seed:
            said["sampler_seed"] = self.sampler_seed
        if self.also:
            said["also"] = [objective.to_dict() for objective in self.also]
        if self.pruning != Pruning():
            said["pruning"] = self.pruning.to_dict()
        if self.promotion is not None:
            said["promotion"] = self.promotion.to_dict()
        if self.budget is not None:
            said["budget"] = self.budget
        if self.warm_start:
            said["warm_start"] = list(self.warm_start)
        return said

    def _check_spending(self) -> None:
        """Pruning, promotion, budget: what they ask of the rest."""
        self.pruning.of(self.objective)
        if self.promotion is not None:
            self.promotion.check(self.seeds)
        if self.promotion is not None and self.also:
            raise ConfigError(
                "study.promotion ranks configurations, which takes one objective",
                f"{len(self.objectives)} objectives",
                "Leave out study.also, or study.promotion.",
            )
        if self.budget is not None and not (math.isfinite(self.budget) and self.budget > 0):
            raise ConfigError("study.budget must be hours > 0", str(self.budget), "Set budget=500, or leave it out.")
        if self.warm_start and not self.n_trials:
            raise ConfigError(
                "study.warm_start is for a sampler that draws",
                f"sampler {self.sampler}, n_trials {self.n_trials}",
                "Leave it out, or give a space and n_trials with sampler=tpe.",
            )
        if self.also and self.sampler in SINGLE:
            raise ConfigError(
                f"the sampler {self.sampler} takes one objective", f"{len(self.objectives)} objectives", "Set tpe."
            )

    def _check_drawing(self) -> None:
        drawn = bool(self.space) and self.sampler != "grid"
        if not 0 <= self.sampler_seed < MOST_SEED:
            value = str(self.sampler_seed)
            raise ConfigError(f"study.sampler_seed must be from 0 to {MOST_SEED - 1}", value, "Set sampler_seed=1.")
        if self.n_trials < 0 or drawn != (self.n_trials > 0):
            raise ConfigError(
                "study.n_trials must be >= 1 with a space to draw from, and 0 for a list or a grid",
                f"n_trials {self.n_trials}, sampler {self.sampler}, {len(self.space)} dimensions",
                f"Set n_trials={20 if drawn else 0}.",
            )
        ranges = [dim.key for dim in self.space if self.sampler == "grid" and dim.values is None]
        if ranges:
            raise ConfigError(
                "a grid must have choices in every dimension, or a range with a step",
                f"a range for {', '.join(ranges)}",
                "List choices, give it a step, or set sampler=tpe or sampler=random with n_trials.",
            )


def _point(key: str, values: object) -> Point:
    if not isinstance(values, Mapping):
        rule = f"{key} must be {{title: TEXT, overrides: [KEY=VALUE, ...]}}"
        raise ConfigError(rule, repr(values), "Write the two keys.")
    found = mapping(values, key)
    found["overrides"] = _items(f"{key}.overrides", found.get("overrides", []), str)
    return read(Point, found, key)


def _items(key: str, values: object, kind: type) -> tuple[Any, ...]:
    return tuple(typed(f"{key}[{i}]", item, kind) for i, item in enumerate(_list(key, values)))


def _list(key: str, values: object) -> Iterable[object]:
    if not isinstance(values, (list, tuple)):
        raise ConfigError(f"{key} must be a list", repr(values), f"Set {key}=[...].")
    return values
