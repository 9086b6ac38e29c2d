"""Fields of a configuration group that carry their own rule: `lr: float = number(above=0, example=2e-4)`.

The annotation gives the type (checked strictly: no bool for an int, no text for a number), the metadata the
range and an example value for the remedy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What a value must satisfy, in words and as a predicate, with a value that does."""

    text: str
    holds: Callable[[Any], bool]
    example: object


def count(at_least: int, example: int) -> Any:
    """A whole number from `at_least` on."""
    return _field(Rule(f"must be a whole number >= {at_least}", lambda value: value >= at_least, example))


def number(
    *, above: float | None = None, at_least: float | None = None, at_most: float = math.inf, example: float
) -> Any:
    """A finite number in the given range; `above` excludes its bound, `at_least` and `at_most` include it."""
    lower = f"> {above:g}" if above is not None else f">= {at_least:g}"
    text = f"must be a finite number {lower}" + (f" and <= {at_most:g}" if at_most < math.inf else "")

    def holds(value: float) -> bool:
        low_enough = value > above if above is not None else value >= (at_least or 0.0)
        return math.isfinite(value) and low_enough and value <= at_most

    return _field(Rule(text, holds, example))


def choice(*names: str) -> Any:
    """One of the given names."""
    return _field(Rule(f"must be one of {', '.join(names)}", lambda value: value in names, names[0]))


def text(example: str) -> Any:
    """A text that is not empty."""
    return _field(Rule("must be a text that is not empty", lambda value: bool(value.strip()), example))


def matching(pattern: str, what: str, example: object) -> Any:
    """A text of which the whole matches the regular expression; `what` names its alphabet in words."""
    return _field(Rule(f"must consist of {what}", lambda value: re.fullmatch(pattern, value) is not None, example))


def within(lowest: int, highest: int, example: int) -> Any:
    """A whole number from `lowest` to `highest`, both included."""
    return _field(
        Rule(f"must be a whole number from {lowest} to {highest}", lambda value: lowest <= value <= highest, example)
    )


def ruled(text: str, holds: Callable[[Any], bool], example: object) -> Any:
    """A rule of its own."""
    return _field(Rule(text, holds, example))


def rising(*example: int) -> Any:
    """Whole numbers >= 1 in rising order, each once, at least one of them."""

    def holds(values: tuple[int, ...]) -> bool:
        return bool(values) and values[0] >= 1 and list(values) == sorted(set(values))

    listed = f"[{','.join(map(str, example))}]"
    return _field(Rule("must list whole numbers >= 1, rising, each once", holds, listed))


def some(*names: str) -> Any:
    """At least one of the given names, each once, in any order."""

    def holds(values: tuple[str, ...]) -> bool:
        return bool(values) and set(values) <= set(names) and len(set(values)) == len(values)

    return _field(Rule(f"must list some of {', '.join(names)}, each once", holds, f"[{names[0]}]"))


def texts(example: str) -> Any:
    """A list of texts, at least one."""
    return _field(Rule("must list at least one text", bool, f"[{example}]"))


def _field(rule: Rule) -> Any:
    return field(metadata={"rule": rule})
