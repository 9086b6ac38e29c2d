"""Parameter values as numbers, where they are."""

from __future__ import annotations

import math

from harness.config.space import Value


def value_of(text: str) -> Value:
    """A finite number as that, anything else (inf included) as its text."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def number_of(text: str | None) -> float | None:
    """The finite number that the text is, else None."""
    value = value_of(text) if text is not None else None
    return value if isinstance(value, float) else None


def logarithmic(values: list[float]) -> bool:
    """Whether positive numbers span so much that a log scale shows them better."""
    return min(values) > 0 and max(values) / min(values) >= 20
