"""The dimensions of a search space: values to choose from, or a range; either may be active only under a condition.

A space is a tuple of dimensions; `harness.config.conditions` says which of them are active at a point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from harness.config.group import mapping, read
from harness.core.options import INFINITY
from harness.errors import ConfigError, unknown

Value = None | bool | int | float | str
When = tuple[tuple[str, tuple[Value, ...]], ...]
"""Key of another dimension -> the values of it under which a dimension is active; all keys must hold."""

RANGE_KEYS = ("low", "high", "log", "step", "or", "when")


@dataclass(frozen=True)
class Choices:
    """A category: one of several values of the override `key`."""

    key: str
    choices: tuple[Value, ...]
    when: When = ()

    def __post_init__(self) -> None:
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise ConfigError(
                f"space.{self.key}.choices must list two or more different values",
                str(list(self.choices)),
                "Add a value, or set the key in base instead.",
            )

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value in a grid."""
        return self.choices

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return all(map(is_number, self.choices))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `dimension` is the inverse."""
        return {"choices": written(self.choices), **_when_written(self.when)}


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included (with a step: those of low + i step); whole where the bounds are.

    `others` are values of their own beside the range (YAML: `or`), outside its bounds: 0 beside a log scale, inf, null.
    """

    key: str
    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None
    others: tuple[int | float | None, ...] = ()
    when: When = ()

    def __post_init__(self) -> None:
        at = f"space.{self.key}"
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(
                f"{at} must have finite bounds, low < high",
                f"low {self.low}, high {self.high}",
                "Exchange the bounds, or set a single value in base instead.",
            )
        if self.log and (self.low <= 0 or self.step is not None):
            raise ConfigError(
                f"{at} on a log scale must have low > 0 and no step",
                f"low {self.low}, step {self.step}",
                "Raise low and leave the step out, or leave out log.",
            )
        if self.step is not None and not (self.step > 0 and math.isfinite(self.step)):
            raise ConfigError(f"{at}.step must be > 0", str(self.step), "Leave it out for a continuous range.")
        self._check_others(f"{at}.or")

    @property
    def whole(self) -> bool:
        """Whether the values of the range itself are whole numbers."""
        return all(isinstance(bound, int) for bound in (self.low, self.high, self.step or 0))

    @property
    def values(self) -> tuple[Value, ...] | None:
        """Every value in a grid, `others` last; None for a range without a step, which has no grid."""
        if self.step is None:
            return None
        return (*(self.at(place) for place in range(self.steps + 1)), *self.others)

    @property
    def steps(self) -> int:
        """Of a range with a step: how many lead from `low` to its last value."""
        return int((_exact(self.high) - _exact(self.low)) // _exact(self.step or 1))

    def at(self, place: int) -> int | float:
        """Of a range with a step: low + place step, without the errors of adding floating-point numbers."""
        exact = _exact(self.low) + place * _exact(self.step or 1)
        return int(exact) if self.whole else float(exact)

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return None not in self.others

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `dimension` is the inverse. What a range does not use is not written: so were older ones."""
        plain = {"low": self.low, "high": self.high, "log": self.log, "step": self.step}
        others = {"or": written(self.others)} if self.others else {}
        return {**plain, **others, **_when_written(self.when)}

    def _check_others(self, at: str) -> None:
        if not all(value is None or is_number(value) for value in self.others):
            raise ConfigError(
                f"{at} must list numbers, inf or null", str(list(self.others)), "Use choices for anything else."
            )
        inside = [value for value in self.others if value is not None and self.low <= value <= self.high]
        if inside or len(set(self.others)) < len(self.others):
            raise ConfigError(
                f"{at} must list different values outside of the range",
                f"{list(self.others)} beside {self.low} to {self.high}",
                "Leave out what the range has already.",
            )


Dimension = Choices | Range


def is_number(value: object) -> bool:
    """A bool is none, infinity is one, NaN is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def written(values: tuple[Value, ...]) -> list[Value]:
    """The values as JSON has them: infinity, for which it has no number, as a text."""
    return [str(value) if isinstance(value, float) and math.isinf(value) else value for value in values]


def dimension(key: str, values: object) -> Dimension:
    """The dimension of an override key as YAML gives it: {choices} or {low, high, log, step, or}, both with `when`.

    `when: {KEY: [values]}`; infinity is .inf, or the text "inf".

    Raises:
        ConfigError: an unknown key, a value of the wrong type, or what the dimension itself refuses.
    """
    at = f"space.{key}"
    found = mapping(values, at)
    when = _when(f"{at}.when", found.pop("when", {}))
    if "choices" not in found:
        if extra := set(found) - set(RANGE_KEYS):
            raise unknown(f"keys of a range {{{', '.join(RANGE_KEYS)}}}", extra, RANGE_KEYS)
        others = _values(f"{at}.or", found.pop("or", []))
        plain = read(Range, {"key": key, **found}, at)
        return replace(plain, others=others, when=when)
    choices = found.pop("choices")
    if found or not isinstance(choices, (list, tuple)):
        raise ConfigError(
            f"{at} must be {{choices: [...]}} or {{low, high, log, step}}, either with `when`",
            repr(dict(mapping(values, key))),
            "Give a list of choices and nothing else, or the bounds of a range.",
        )
    return Choices(key, _values(f"{at}.choices", choices), when)


def _when(at: str, values: object) -> When:
    return tuple((key, _values(f"{at}.{key}", listed)) for key, listed in mapping(values, at).items())


def _values(at: str, values: object) -> tuple[Any, ...]:
    if not isinstance(values, (list, tuple)):
        raise ConfigError(f"{at} must be a list", repr(values), f"Set {at}=[...].")
    if wrong := [value for value in values if not (value is None or isinstance(value, (bool, int, float, str)))]:
        raise ConfigError(f"{at} must list plain values", repr(wrong[0]), "List numbers, texts, true, false or null.")
    if any(isinstance(value, float) and math.isnan(value) for value in values):
        raise ConfigError(f"{at} must not list NaN", str(list(values)), "Leave it out.")
    return tuple(float(value) if value in (INFINITY, f"-{INFINITY}") else value for value in values)


def _when_written(when: When) -> Mapping[str, Any]:
    return {"when": {key: written(values) for key, values in when}} if when else {}


def _exact(value: int | float) -> Decimal:
    """The number as it is written, so that 0.1 + 2 x 0.1 is 0.3."""
    return Decimal(str(value))
