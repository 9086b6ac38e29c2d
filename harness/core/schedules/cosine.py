"""Cosine annealing."""

import math
from dataclasses import dataclass

from harness.core.schedules.curve import Curve, blend, target


@dataclass(frozen=True)
class Cosine(Curve):
    """end + (start - end) (1 + cos(pi f)) / 2, in nats per token; exact at both ends (paper, section 4.3)."""

    name = "cosine"
    start: float
    end: float

    def __post_init__(self) -> None:
        target("start", self.start)
        target("end", self.end)

    def _at(self, f: float) -> float:
        return blend(self.start, self.end, (1.0 - math.cos(math.pi * f)) / 2.0)
