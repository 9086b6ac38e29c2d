"""Refusals shared by the core: each states the rule, the value and the remedy."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.types import BoolArray, FloatArray, IntArray
from harness.errors import InputError


def number(name: str, value: object) -> float:
    """The value as a float; may be infinite. Raises InputError for NaN, text, booleans and None."""
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise InputError(f"{name} must be a number", repr(value), "Give a number without quotes.")
    return float(value)


def finite(name: str, value: object) -> float:
    """The value as a float. Raises InputError for what `number` refuses, and for infinities."""
    if math.isinf(number(name, value)):
        raise InputError(f"{name} must be finite", repr(value), "Give a finite number.")
    return number(name, value)


def at_least(name: str, value: object, least: float) -> float:
    """The value as a float, which may be infinite. Raises InputError below `least`."""
    if number(name, value) < least:
        raise InputError(f"{name} must be at least {least:g}", repr(value), f"Give a number >= {least:g}.")
    return number(name, value)


def whole(name: str, value: object, least: int) -> int:
    """The value as an int. Raises InputError for anything but a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(
            f"{name} must be a whole number of at least {least}", repr(value), f"Give an integer >= {least}."
        )
    return int(value)


def one_of(name: str, value: object, valid: tuple[str, ...]) -> str:
    """The value, which must be one of the names. Raises InputError listing them."""
    if not isinstance(value, str) or value not in valid:
        raise InputError(f"{name} must be one of {', '.join(valid)}", repr(value), "Choose one of them.")
    return value


def vector(name: str, values: object) -> FloatArray:
    """Values (N,) as float64. Raises InputError for other shapes, NaN and infinities."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"{name} must have shape (N,)", f"shape {array.shape}", "Give one scalar a rollout.")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise InputError(
            f"{name} must be finite",
            f"{array[wrong[0]]} in row {wrong[0]} ({wrong.size} such rows)",
            "Find the source: a failed grader is an error, never a reward.",
        )
    return array


def labels(name: str, values: object) -> IntArray:
    """Integer labels (N,) as int64. Raises InputError for other shapes and types."""
    array = np.asarray(values)
    empty = array.ndim == 1 and array.size == 0
    if array.ndim != 1 or not (empty or np.issubdtype(array.dtype, np.integer)):
        raise InputError(
            f"{name} must be integers of shape (N,)",
            f"{array.dtype} of shape {array.shape}",
            "Number the problems, e.g. with np.unique(ids, return_inverse=True)[1].",
        )
    return array.astype(np.int64)


def mask(name: str, values: object) -> BoolArray:
    """Booleans (N,). Raises InputError for other shapes and types: 0/1 integers would index, not select."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != np.bool_:
        raise InputError(
            f"{name} must be booleans of shape (N,)",
            f"{array.dtype} of shape {array.shape}",
            "Convert it with .astype(bool).",
        )
    return array


def same_length(**arrays: NDArray[Any]) -> None:
    """Raises InputError unless all arrays have the same first dimension."""
    sizes = {name: len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise InputError(
            f"{', '.join(sizes)} must have one entry a rollout",
            ", ".join(f"{name} {size}" for name, size in sizes.items()),
            "Take them from the same rows.",
        )


def direction(m: int) -> int:
    """The control direction. Raises InputError unless it is -1, 0 or +1."""
    if m not in (-1, 0, 1):
        raise InputError("the direction m must be -1, 0 or +1", repr(m), "Take it from Band.direction.")
    return int(m)
