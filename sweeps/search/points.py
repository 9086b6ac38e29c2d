"""The point of a space that overrides describe: that of a listed trial, or of a trial of another study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.config.space import Choices, Dimension, Value, is_number
from sweeps.plan import hydra_text
from sweeps.search.drawing import params_of


def params_in(space: Sequence[Dimension], overrides: Sequence[str]) -> dict[str, Any] | None:
    """Optuna's parameters of the point that the overrides describe; None where it does not lie in the space.

    Args:
        overrides: KEY=VALUE; later ones win, and keys that are no dimension are passed over.
    """
    texts = {key.lstrip("+"): value for key, _, value in (text.partition("=") for text in overrides)}
    values: dict[str, Value] = {}
    for dim in space:
        if dim.key not in texts:
            continue
        found = _value(dim, texts[dim.key])
        if found is None:
            return None
        values[dim.key] = found[0]
    return params_of(space, values) if values else None


def _value(dim: Dimension, text: str) -> tuple[Value] | None:
    """The value that the text stands for; None where the dimension has none such."""
    named = dim.choices if isinstance(dim, Choices) else dim.others
    for choice in named:
        if hydra_text(choice) == text or _same_number(choice, text):
            return (choice,)
    if isinstance(dim, Choices):
        return None
    number = _number(text)
    if number is None:
        return None
    return (int(number) if dim.whole and number.is_integer() else number,)


def _same_number(choice: Value, text: str) -> bool:
    return is_number(choice) and _number(text) == choice


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
