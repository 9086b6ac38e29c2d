"""The controller watched from outside: tracking error, realised authority, saturation, kept fractions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from harness.core.band import Band
from harness.core.check import direction, finite, whole
from harness.core.kept import kept_metrics
from harness.core.saturation import Streak
from harness.core.types import BoolArray, FloatArray, IntArray
from harness.errors import StateError

_AUTHORITY = {1: "control/authority_down", -1: "control/authority_up"}


@dataclass
class Monitor:
    """Observes every step of a run once, in order. Its state is explicit: saved with each checkpoint.

    step, entropy (nats per token), m, updated: of the last observed step, 0 and unused before the first.
    """

    step: int = 0
    entropy: float = 0.0
    m: int = 0
    updated: bool = False
    streak: Streak = field(default_factory=Streak)

    def observe(
        self,
        step: int,
        entropy: float,
        band: Band | None,
        m: int,
        keep: BoolArray,
        advantages: FloatArray,
        groups: IntArray | None = None,
    ) -> dict[str, float]:
        """The metrics control/* of a step, from its entropy before the update and the action that was chosen.

        entropy: nats per token; m: the action's direction (+1 push entropy down, -1 up, 0 no control);
        keep (N,), advantages (N,) of the estimator, groups (N,): see `kept_metrics`. Without a band the
        metrics that need one are left out. authority_down: H_t - H_(t-1), nats per token, realised by the
        step before, present when that step had m = +1 and made an update; control with authority makes it
        negative. authority_up: the same for m = -1, positive.
        Raises StateError when a step is left out or repeated, InputError for NaN.
        """
        whole("the step", step, 1)
        finite("the entropy", entropy)
        direction(m)
        if self.step and step != self.step + 1:
            raise StateError(
                "the monitor must see every step once, in order",
                f"step {step} after step {self.step}",
                "After a resume restore it with Monitor.from_dict from the same checkpoint.",
            )
        metrics = {"control/entropy": entropy, "control/m": float(m)}
        metrics |= kept_metrics(keep, advantages, groups)
        if band is not None:
            metrics |= _tracking(entropy, band)
        if self.updated and self.m:
            metrics[_AUTHORITY[self.m]] = entropy - self.entropy
        self.streak = self.streak.extended(entropy, m)
        self.step, self.entropy, self.m = step, entropy, m
        self.updated = not metrics["control/skipped_update"]
        metrics["control/streak"] = float(self.streak.length)
        metrics["control/saturated"] = float(self.streak.saturated)
        return metrics

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; a monitor made from it goes on as if never interrupted."""
        plain = {"step": self.step, "entropy": self.entropy, "m": self.m, "updated": self.updated}
        return {**plain, "streak": self.streak.to_dict()}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The monitor that `to_dict` wrote. Raises StateError for other keys."""
        expected = set(cls().to_dict())
        if set(saved) != expected:
            raise StateError(
                f"a monitor's state has {', '.join(sorted(expected))}",
                f"keys {sorted(saved)}",
                "Resume with the version that wrote the checkpoint.",
            )
        return cls(**{**saved, "streak": Streak.from_dict(saved["streak"])})


def _tracking(entropy: float, band: Band) -> dict[str, float]:
    """Where the entropy is relative to the band; nats per token, in_band 0 or 1."""
    return {
        "control/target": band.middle,
        "control/low": band.low,
        "control/high": band.high,
        "control/tracking_error": abs(entropy - band.middle),
        "control/distance": band.distance(entropy),
        "control/in_band": float(band.direction(entropy) == 0),
    }
