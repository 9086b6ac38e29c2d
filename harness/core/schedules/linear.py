"""Linear annealing."""

from dataclasses import dataclass

from harness.core.schedules.curve import Curve, blend, target


@dataclass(frozen=True)
class Linear(Curve):
    """start + (end - start) f, in nats per token; exact at both ends (paper, section 4.3)."""

    name = "linear"
    start: float
    end: float

    def __post_init__(self) -> None:
        target("start", self.start)
        target("end", self.end)

    def _at(self, f: float) -> float:
        return blend(self.start, self.end, f)
