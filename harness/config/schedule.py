"""The `schedule` group: a family with either one target curve (and a width) or two bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from harness.config.group import mapping, read, typed
from harness.core.schedule import BandSchedule
from harness.core.schedules import FAMILIES, Curve
from harness.errors import ConfigError, as_setting, unknown

SHARED = ("family", "width", "low", "high", "progress", "horizon")
"""Keys of every family; the others are the parameters of its curve."""


@dataclass(frozen=True)
class ScheduleConfig:
    """What the entropy should be at each step (nats per token); the horizon is a number, frozen.

    A target form has the curve's parameters at the top (`start`, `end`) and a full `width` (default 0); a
    bounds form has them twice, under `low` and `high`.
    """

    KEY: ClassVar[str] = "schedule"

    family: str
    bands: BandSchedule

    @classmethod
    def from_dict(cls, values: object, steps: int) -> Self:
        """`steps` is the length of the run: the horizon where that is null, its least value otherwise.

        Raises:
            ConfigError: an unknown family or key, both forms or neither, a horizon that is too short, or a
                band that is inverted at any step.
        """
        found = mapping(values, cls.KEY)
        family = _family(found)
        parameters = tuple(field.name for field in fields(FAMILIES[family]))
        if extra := set(found) - set(parameters) - set(SHARED):
            raise unknown(f"keys of the schedule family {family!r}", extra, (*parameters, *SHARED))
        return cls(family, _bands(FAMILIES[family], parameters, found, _horizon(found.get("horizon"), steps)))

    def to_dict(self) -> dict[str, Any]:
        """The same keys in both forms, null where the form has none."""
        low, high = (_parameters(curve) for curve in (self.bands.low, self.bands.high))
        target = self.bands.width is not None
        return {
            "family": self.family,
            **{name: value if target else None for name, value in low.items()},
            "width": self.bands.width,
            "low": None if target else low,
            "high": None if target else high,
            "progress": self.bands.progress,
            "horizon": self.bands.horizon,
        }


def _family(found: Mapping[str, Any]) -> str:
    family = found.get("family")
    if family is None:
        raise ConfigError(
            f"schedule.{next(iter(found), 'family')} needs a schedule to belong to",
            "no family",
            f"Choose one: schedule={'|'.join(FAMILIES)}.",
        )
    if family not in FAMILIES:
        raise unknown("schedule families", [str(family)], FAMILIES)
    return str(family)


def _horizon(value: object, steps: int) -> int:
    horizon = typed("schedule.horizon", value, int | None)
    if horizon is None:
        return steps
    if horizon < max(steps, 1):
        raise ConfigError(
            "schedule.horizon must be >= 1 and >= trainer.steps: a curve is not extrapolated",
            f"horizon {horizon}, steps {steps}",
            f"Set schedule.horizon={steps} or more, or leave it null for trainer.steps.",
        )
    return int(horizon)


def _bands(curve: type[Curve], parameters: tuple[str, ...], found: Mapping[str, Any], horizon: int) -> BandSchedule:
    target = {name: found[name] for name in parameters if found.get(name) is not None}
    bounds = [name for name in ("low", "high") if found.get(name) is not None]
    width = typed("schedule.width", found.get("width"), float | None)
    convention = typed("schedule.progress", found.get("progress"), str)
    if not bounds:
        _refuse_incomplete(curve, parameters, target)
        with as_setting("schedule"):
            return BandSchedule.target(read(curve, target, "schedule"), width or 0.0, horizon, convention)
    if target or width is not None:
        given = [*target, *(["width"] if width is not None else []), *bounds]
        raise ConfigError(
            "a schedule must be given as a target (and a width) or as two bounds, not as both",
            ", ".join(f"schedule.{name}" for name in given),
            "Leave out one of the two forms.",
        )
    if len(bounds) == 1:
        raise ConfigError(
            "a schedule with bounds needs both of them",
            f"only schedule.{bounds[0]}",
            f"Set {_bounds_form(parameters)}.",
        )
    low, high = (read(curve, found[name], f"schedule.{name}") for name in ("low", "high"))
    with as_setting("schedule"):
        return BandSchedule.bounds(low, high, horizon, convention)


def _refuse_incomplete(curve: type[Curve], parameters: tuple[str, ...], target: Mapping[str, Any]) -> None:
    if missing := [f"schedule.{name}" for name in parameters if name not in target]:
        raise ConfigError(
            f"schedule={curve.name} needs {' and '.join(missing)} (nats per token)",
            f"only {', '.join(target) or 'the family'}",
            f"Set {' '.join(f'{key}=VALUE' for key in missing)}, or two bounds: {_bounds_form(parameters)}.",
        )


def _bounds_form(parameters: tuple[str, ...]) -> str:
    return " ".join(f"schedule.{bound}.{name}=VALUE" for bound in ("low", "high") for name in parameters)


def _parameters(curve: Curve) -> dict[str, Any]:
    return {name: value for name, value in curve.to_dict().items() if name != "family"}
