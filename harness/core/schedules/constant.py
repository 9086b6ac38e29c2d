"""A target that does not move."""

from dataclasses import dataclass

from harness.core.schedules.curve import Curve, target


@dataclass(frozen=True)
class Constant(Curve):
    """start at every f (nats per token); the paper's Figs. 6 and 7."""

    name = "constant"
    start: float

    def __post_init__(self) -> None:
        target("start", self.start)

    def _at(self, f: float) -> float:
        return self.start
