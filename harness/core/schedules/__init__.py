"""Schedule families. One family is one module of this package; adding the file registers it."""

from collections.abc import Mapping
from typing import Any

from harness.core.discover import subclasses
from harness.core.options import construct
from harness.core.schedules.curve import Curve
from harness.errors import unknown

FAMILIES: dict[str, type[Curve]] = subclasses(__name__, Curve)  # type: ignore[type-abstract]

__all__ = ["FAMILIES", "Curve", "curve_from"]


def curve_from(options: Mapping[str, Any]) -> Curve:
    """A curve from {"family": "linear", "start": 0.6, "end": 0.2}, in nats per token.

    Raises ConfigError for an unknown family or parameter, listing the valid ones, and for bad values.
    """
    parameters = dict(options)
    family = str(parameters.pop("family", None))
    if family not in FAMILIES:
        raise unknown("schedule families", [family], FAMILIES)
    return construct(FAMILIES[family], parameters, f"schedule family {family!r}")
