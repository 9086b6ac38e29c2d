"""Constraints of a search space, as texts: `schedule.end <= schedule.start`, `method.gamma > 0.5`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.config.space import Dimension, Value
from harness.errors import ConfigError, unknown

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
PATTERN = re.compile(r"\s*(?P<key>[^\s<>=]+)\s*(?P<operator><=|>=|<|>)\s*(?P<other>[^\s<>=]+)\s*")
EXAMPLE = "Write KEY OP KEY or KEY OP NUMBER, OP one of <=, <, >=, >: e.g. 'schedule.end <= schedule.start'."


@dataclass(frozen=True)
class Constraint:
    """`key` compared with the value of another key, or with a number; it holds where a key is not active."""

    key: str
    operator: str
    other: str | int | float

    @classmethod
    def parse(cls, text: object) -> Self:
        """Raises ConfigError: no text of the form KEY OP KEY or KEY OP NUMBER."""
        found = PATTERN.fullmatch(text) if isinstance(text, str) else None
        number = None if found is None else _number(found["other"])
        if found is None or _number(found["key"]) is not None or number != number:  # NaN
            raise ConfigError("a constraint must compare a key with a key or a number", repr(text), EXAMPLE)
        return cls(found["key"], found["operator"], found["other"] if number is None else number)

    @property
    def text(self) -> str:
        """`parse` is the inverse."""
        return f"{self.key} {self.operator} {self.other}"

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, self.other) if isinstance(self.other, str) else (self.key,)

    def holds(self, params: Mapping[str, Value]) -> bool:
        """Whether it holds for the values of the active dimensions."""
        if any(key not in params for key in self.keys):
            return True
        other = params[self.other] if isinstance(self.other, str) else self.other
        return OPERATORS[self.operator](params[self.key], other)

    def check(self, dimensions: Mapping[str, Dimension]) -> None:
        """Raises ConfigError: a key that is no dimension, the same key twice, or one whose values are no numbers."""
        if strange := set(self.keys) - set(dimensions):
            raise unknown(f"keys of the constraint {self.text!r}", strange, dimensions)
        if self.key == self.other:
            raise ConfigError("a constraint must compare two different keys", repr(self.text), EXAMPLE)
        for key in self.keys:
            if not dimensions[key].numeric:
                raise ConfigError(
                    f"the constraint {self.text!r} must compare numbers",
                    f"{key}, which has other values",
                    "Leave them out of the space, or split it with `when`.",
                )


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
