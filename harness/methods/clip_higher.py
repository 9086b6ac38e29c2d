"""Clip-Higher: more room for tokens to become likelier than to become rarer."""

from dataclasses import dataclass

from harness.errors import ConfigError
from harness.methods.base import LossSettings
from harness.methods.on_base import OnBase


@dataclass(frozen=True)
class ClipHigher(OnBase):
    """The base's advantages under an asymmetric clip, 0.2 / 0.28 as released: both are loss settings."""

    name = "clip_higher"
    title = "Clip-Higher"
    source = "Yu et al. 2025 (DAPO)"
    tested_on = frozenset({"torch", "verl"})

    def check(self, loss: LossSettings) -> None:
        """Raises ConfigError unless clip_high > clip_low."""
        super().check(loss)
        if not loss.clip_high > loss.clip_low:
            raise ConfigError(
                "clip_higher needs loss.clip_high > loss.clip_low",
                f"clip_low {loss.clip_low:g}, clip_high {loss.clip_high:g}",
                "Set loss.clip_high=0.28, or choose another method.",
            )
