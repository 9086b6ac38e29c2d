"""Frozen dataclasses from plain mappings and back, refusing what does not fit."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from harness.errors import ConfigError, as_setting, unknown

T = TypeVar("T")

INFINITY = "inf"
"""How an infinite option is written in JSON, which has no number for it."""


def construct(cls: type[T], options: Mapping[str, Any], what: str) -> T:
    """An instance of the dataclass `cls` from its options; "inf" stands for infinity.

    `what` names the thing in errors, e.g. "method 'entrocraft'". Raises ConfigError for an unknown option,
    listing the valid ones, for a missing one, and for a value that the class refuses.
    """
    known = {f.name: f for f in fields(cls) if f.init}  # type: ignore[arg-type]
    if surplus := set(options) - set(known):
        raise unknown(f"options of {what}", surplus, known)
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    if missing := sorted(needed - set(options)):
        given = ", ".join(sorted(options)) or "none"
        raise ConfigError(f"{what} needs {', '.join(missing)}", f"only {given}", f"Set {missing[0]} as well.")
    with as_setting(what):
        return cls(**{n: math.inf if v == INFINITY else v for n, v in options.items()})


def encoded(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with infinity as "inf", so that JSON carries them; `construct` reads them back."""
    return {n: INFINITY if isinstance(v, float) and v == math.inf else v for n, v in options.items()}
