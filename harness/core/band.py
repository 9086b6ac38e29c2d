"""The entropy band of one step, in nats per token."""

from dataclasses import dataclass

from harness.core.check import finite
from harness.errors import InputError


@dataclass(frozen=True)
class Band:
    """A closed interval [low, high] of entropies, in nats per token; low == high is a fixed target.

    Raises InputError for an inverted or a non-finite band.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        finite("the low bound of the band", self.low)
        finite("the high bound of the band", self.high)
        if self.low > self.high:
            raise InputError(
                "the low bound of a band must not exceed its high bound",
                f"low {self.low:g}, high {self.high:g} nats per token",
                "Exchange them.",
            )

    @property
    def middle(self) -> float:
        """The target, in nats per token; exact when low == high."""
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        """Full width, in nats per token."""
        return self.high - self.low

    def direction(self, entropy: float) -> int:
        """m = 1[H > high] - 1[H < low]: +1 entropy must fall, -1 rise, 0 inside (paper, Algorithm 1)."""
        finite("the entropy", entropy)
        return int(entropy > self.high) - int(entropy < self.low)

    def distance(self, entropy: float) -> float:
        """Distance from an entropy to the band, in nats per token; 0 inside."""
        finite("the entropy", entropy)
        return max(entropy - self.high, self.low - entropy, 0.0)
