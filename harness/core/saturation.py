"""Has the controller lost its grip? Steps in a row with the same demand and no movement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.core.check import direction, finite
from harness.errors import StateError

PATIENCE = 10
"""Steps: a shorter streak is never saturated."""
MEMORY = 50
"""Steps: movement longer ago does not excuse standing still now."""
MOVEMENT_NATS = 0.01
"""Nats per token: movement in the wanted direction below this is none."""


@dataclass(frozen=True)
class Streak:
    """A run of consecutive steps with the same m != 0.

    m: the demand, +1 entropy must fall, -1 rise, 0 no streak. length: its steps. entropies: those of its last
    steps (at most MEMORY), nats per token, oldest first.
    """

    m: int = 0
    length: int = 0
    entropies: tuple[float, ...] = ()

    def extended(self, entropy: float, m: int) -> "Streak":
        """The streak after a step with this entropy (nats per token) and demand."""
        finite("the entropy", entropy)
        if direction(m) == 0:
            return Streak()
        if m != self.m:
            return Streak(m, 1, (entropy,))
        return Streak(m, self.length + 1, (*self.entropies, entropy)[-MEMORY:])

    @property
    def movement(self) -> float:
        """Nats per token moved in the wanted direction over the streak, at most its last MEMORY steps."""
        return -self.m * (self.entropies[-1] - self.entropies[0]) if self.entropies else 0.0

    @property
    def saturated(self) -> bool:
        """At least PATIENCE steps of one demand, moved by less than MOVEMENT_NATS (or the wrong way)."""
        return self.length >= PATIENCE and self.movement < MOVEMENT_NATS

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the inverse is `from_dict`."""
        return {"m": self.m, "length": self.length, "entropies": list(self.entropies)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The streak that `to_dict` wrote. Raises StateError for other keys."""
        if set(saved) != {"m", "length", "entropies"}:
            raise StateError("a streak has m, length, entropies", f"keys {sorted(saved)}", "Start a new run.")
        return cls(saved["m"], saved["length"], tuple(saved["entropies"]))
