"""What a trial is judged by: a number of each of its runs, and whether more of it is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from harness.config.group import read
from harness.errors import ConfigError, unknown

DIRECTIONS = ("minimize", "maximize")
STEPS = ("final", "best", "mean", "area")
TRACKING_ERROR = "tracking_error"
GPU_HOURS = "gpu_hours"
WHOLE_RUN = (TRACKING_ERROR, GPU_HOURS)
"""Not metrics of a step: one number for a whole run."""
LAST = 5


@dataclass(frozen=True)
class Objective:
    """A metric of the run's records, made one number by `steps`; or `tracking_error`, or `gpu_hours`."""

    metric: str
    direction: str
    steps: str = "final"
    """final: the last value; best: the best one; mean: of the `last` values; area: under the curve, by its span."""
    last: int = LAST
    """Recorded values that the mean is over."""

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise unknown("values of objective.direction", [self.direction], DIRECTIONS)
        if self.steps not in STEPS:
            raise unknown("values of objective.steps", [self.steps], STEPS)
        if self.metric in WHOLE_RUN and self.steps != "final":
            raise ConfigError(
                f"objective.steps must be left out for {self.metric}, which is one number for the whole run",
                repr(self.steps),
                "Leave out objective.steps, or choose a metric of the records.",
            )
        if self.last < 1:
            raise ConfigError("objective.last must be >= 1 value", str(self.last), f"Set objective.last={LAST}.")
        if self.last != LAST and self.steps != "mean":
            raise ConfigError(
                "objective.last must be left out unless objective.steps is mean",
                f"last {self.last}, steps {self.steps}",
                "Set objective.steps=mean, or leave out objective.last.",
            )

    @classmethod
    def from_dict(cls, values: object, key: str = "objective") -> Self:
        """Raises ConfigError: unknown keys (the valid ones are listed), wrong types, broken rules."""
        return read(cls, values, key)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, without what has its default: a study frozen before there were `steps` compares equal."""
        plain = {"metric": self.metric, "direction": self.direction}
        if self.steps == "final":
            return plain
        return plain | {"steps": self.steps} | ({"last": self.last} if self.last != LAST else {})

    @property
    def text(self) -> str:
        """For tables and axes: the metric, and what was made of its steps where that is not the last value."""
        ways = {"best": "best", "mean": f"mean of last {self.last}", "area": "area under"}
        return self.metric if self.steps == "final" else f"{ways[self.steps]} {self.metric}"
