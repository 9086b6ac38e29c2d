"""The dimensions of a search space: values to choose from, or a range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from harness.config.group import mapping, read
from harness.errors import ConfigError

Value = None | bool | int | float | str


@dataclass(frozen=True)
class Choices:
    """A category: one of several values of the override `key`."""

    key: str
    choices: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise ConfigError(
                f"space.{self.key}.choices must list two or more different values",
                str(list(self.choices)),
                "Add a value, or set the key in base instead.",
            )

    def to_dict(self) -> dict[str, Any]:
        return {"choices": list(self.choices)}


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; whole where the bounds are."""

    key: str
    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

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
        if self.step is not None and self.step <= 0:
            raise ConfigError(f"{at}.step must be > 0", str(self.step), "Leave it out for a continuous range.")

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return all(isinstance(bound, int) for bound in (self.low, self.high, self.step or 0))

    def to_dict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "log": self.log, "step": self.step}


Dimension = Choices | Range


def dimension(key: str, values: object) -> Dimension:
    """The dimension of an override key as YAML gives it: {choices: [...]} or {low, high, log, step}."""
    found = mapping(values, f"space.{key}")
    if "choices" not in found:
        return read(Range, {"key": key, **found}, f"space.{key}", "a range {low, high, log, step}")
    choices = found.pop("choices")
    if found or not isinstance(choices, (list, tuple)):
        raise ConfigError(
            f"space.{key} must be {{choices: [...]}} or {{low, high, log, step}}",
            repr(dict(mapping(values, key))),
            "Give a list of choices and nothing else, or the bounds of a range.",
        )
    return Choices(key, tuple(choices))
