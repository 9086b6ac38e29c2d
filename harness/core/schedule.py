"""A schedule of bands: curves of the target, the horizon and the progress convention, frozen together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.core.band import Band
from harness.core.check import at_least, finite, one_of, whole
from harness.core.progress import CONVENTIONS, progress
from harness.core.schedules import Curve, curve_from
from harness.errors import ConfigError, InputError, as_setting, unknown

KEYS = {"target": {"curve", "width"}, "bounds": {"low", "high"}}
COMMON = {"form", "horizon", "progress"}


@dataclass(frozen=True)
class BandSchedule:
    """Step -> band, for steps 1..horizon; entropies in nats per token.

    Built by `target` (a curve and a full width) or `bounds` (two curves, width None). Refused at construction
    with a ConfigError: a band inverted at any step, naming the step and both values; a horizon below 1; an
    unknown convention; a negative width.
    """

    low: Curve
    high: Curve
    width: float | None
    horizon: int
    progress: str

    def __post_init__(self) -> None:
        with as_setting("schedule"):
            whole("the horizon, in steps,", self.horizon, 1)
            one_of("the progress convention", self.progress, CONVENTIONS)
            if self.width is None:
                self._refuse_inversion()
            else:
                at_least("the width of the band, in nats per token,", finite("width", self.width), 0.0)

    @classmethod
    def target(cls, curve: Curve, width: float, horizon: int, progress: str = "paper") -> Self:
        """The band curve +- width / 2 (nats per token); width 0 is a fixed target."""
        return cls(curve, curve, width, horizon, progress)

    @classmethod
    def bounds(cls, low_curve: Curve, high_curve: Curve, horizon: int, progress: str = "paper") -> Self:
        """The band between two curves (nats per token)."""
        return cls(low_curve, high_curve, None, horizon, progress)

    def band(self, step: int) -> Band:
        """The band in force at a step of 1..horizon. Raises InputError outside."""
        f = progress(step, self.horizon, self.progress)
        half = (self.width or 0.0) / 2.0
        return Band(self.low.at(f) - half, self.high.at(f) + half)

    def to_dict(self) -> dict[str, Any]:
        """For the manifest: everything that decides the bands, the horizon included."""
        common = {"horizon": self.horizon, "progress": self.progress}
        if self.width is None:
            return {"form": "bounds", "low": self.low.to_dict(), "high": self.high.to_dict(), **common}
        return {"form": "target", "curve": self.low.to_dict(), "width": self.width, **common}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The schedule that `to_dict` wrote. Raises ConfigError for missing and for unknown keys."""
        form = str(saved.get("form"))
        if form not in KEYS:
            raise unknown("forms of a schedule", [form], KEYS)
        expected = KEYS[form] | COMMON
        if surplus := set(saved) - expected:
            raise unknown(f"keys of a schedule of form {form!r}", surplus, expected)
        if missing := sorted(expected - set(saved)):
            raise ConfigError(f"a schedule of form {form!r} needs {', '.join(missing)}", remedy="Add them.")
        horizon, convention = saved["horizon"], saved["progress"]
        if form == "target":
            return cls.target(curve_from(saved["curve"]), saved["width"], horizon, convention)
        return cls.bounds(curve_from(saved["low"]), curve_from(saved["high"]), horizon, convention)

    def _refuse_inversion(self) -> None:
        """Every step is looked at, because curves of two families may cross in between."""
        for step in range(1, self.horizon + 1):
            f = progress(step, self.horizon, self.progress)
            low, high = self.low.at(f), self.high.at(f)
            if low > high:
                raise InputError(
                    "the low curve of a band must not exceed the high curve at any step",
                    f"low {low:g} > high {high:g} nats per token at step {step} of {self.horizon}",
                    "Exchange the curves, or choose ends that do not cross.",
                )
