"""The `pruning` group of a study: which configurations are stopped before their last step, and by which rule.

The options of Optuna's pruners are checked where Optuna is known: `sweeps.pruning.rules.check`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, Self

from harness.config.fields import count, rising
from harness.config.group import Group, mapping, obey, typed
from harness.config.guards import Guards, defaulted
from harness.errors import ConfigError, unknown

DIRECTIONS = ("minimize", "maximize")
NONE, HALVING = "none", "halving"
OPTUNA = ("median", "patient", "percentile", "successive_halving", "threshold")
PRUNERS = (NONE, HALVING, *OPTUNA)
REFUSED = {
    "hyperband": "its brackets are drawn by a hash of the trial's number, which a retry or revival changes",
    "wilcoxon": "its test needs independent pairs, which the steps of a learning curve are not",
}
"""Pruners of Optuna that do not make sense here, and why."""
KEEP = 3
DERIVED = ("tracking_error", "gpu_hours")
"""Objectives that no record of a step holds."""


class Objective(Protocol):
    """What `Pruning.of` needs of a study's objective."""

    @property
    def metric(self) -> str: ...
    @property
    def direction(self) -> str: ...


@dataclass(frozen=True)
class Pruning(Group):
    """By default nothing is pruned. `metric` and `direction` null: those of the objective, put in by `of`."""

    KEY: ClassVar[str] = "pruning"

    pruner: str = NONE
    metric: str | None = None
    direction: str | None = None
    start: int = defaulted(1, count(1, 20))
    """The first step that the pruner looks at."""
    every: int = defaulted(1, count(1, 10))
    """Steps between two looks. What is looked at is the last value recorded since the look before."""
    options: dict = field(default_factory=dict, hash=False)
    """The pruner's own. halving: rungs (steps, rising) and keep (the best 1/keep of a rung go on)."""
    guards: Guards = field(default_factory=Guards)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pruner in REFUSED:
            raise ConfigError(
                f"pruning.pruner={self.pruner} is not offered: {REFUSED[self.pruner]}",
                repr(self.pruner),
                f"Choose one of {', '.join(PRUNERS)}.",
            )
        if self.pruner not in PRUNERS:
            raise unknown("pruners", [self.pruner], PRUNERS)
        if self.direction is not None and self.direction not in DIRECTIONS:
            raise unknown("values of pruning.direction", [self.direction], DIRECTIONS)
        if self.pruner == NONE and self.options:
            raise unknown(f"options of pruner {NONE}", self.options, ())
        if self.pruner == HALVING:
            self._check_halving()

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Raises ConfigError: unknown keys (the valid ones are listed), wrong types, broken rules."""
        found = mapping(values, cls.KEY)
        if "options" in found:
            found["options"] = {} if found["options"] is None else mapping(found["options"], f"{cls.KEY}.options")
        if "guards" in found:
            found["guards"] = Guards.from_dict({} if found["guards"] is None else found["guards"])
        return super().from_dict(found)

    def of(self, objective: Objective) -> Pruning:
        """With the objective's metric and direction where it has none of its own.

        Raises ConfigError: no record of a step holds the objective, or only one of the two is given.
        """
        if self.pruner == NONE:
            return self
        if self.metric is None and self.direction is None:
            if objective.metric in DERIVED:
                raise ConfigError(
                    "pruning.metric must be given where no record of a step holds the objective",
                    f"objective.metric {objective.metric}",
                    "Set pruning.metric, e.g. control/tracking_error, and pruning.direction.",
                )
            return replace(self, metric=objective.metric, direction=objective.direction)
        if self.metric is None or self.direction is None:
            raise ConfigError(
                "pruning.metric and pruning.direction must be given together, or neither",
                f"metric {self.metric}, direction {self.direction}",
                "Give both, or leave both out: then they are the objective's.",
            )
        return self

    @property
    def on(self) -> bool:
        """Whether anything can be pruned."""
        return self.pruner != NONE or self.guards.on

    @property
    def rungs(self) -> tuple[int, ...]:
        """Of halving: its steps, rising; () for other pruners."""
        return tuple(self.options["rungs"]) if self.pruner == HALVING else ()

    @property
    def keep(self) -> int:
        """Of halving: the best 1/keep of a rung go on."""
        return self.options.get("keep", KEEP)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is the inverse."""
        return {**super().to_dict(), "options": dict(self.options)}

    def _check_halving(self) -> None:
        if extra := set(self.options) - {"rungs", "keep"}:
            raise unknown(f"options of pruner {HALVING}", extra, ("rungs", "keep"))
        if "rungs" not in self.options:
            raise ConfigError("pruning.options.rungs must be given for halving", "nothing", "Set rungs: [20, 60].")
        rungs = typed("pruning.options.rungs", self.options["rungs"], tuple[int, ...])
        obey("pruning.options.rungs", rungs, rising(20, 60).metadata["rule"])
        keep = typed("pruning.options.keep", self.options.get("keep", KEEP), int)
        obey("pruning.options.keep", keep, count(2, KEEP).metadata["rule"])
        if (self.start, self.every) != (1, 1):
            raise ConfigError(
                "pruning.start and pruning.every must be left out for halving: its looks are its rungs",
                f"start {self.start}, every {self.every}",
                "Set pruning.options.rungs.",
            )
