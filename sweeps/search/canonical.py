"""The canonical form of a resolved configuration: equal for two of them exactly when their runs are the same."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from harness.config.computed import computed
from harness.errors import InputError

TRACKING_ERROR = "tracking_error"
CONTROL = "control/"


def canonical(config: Mapping[str, Any], *, target: bool = True) -> str:
    """One line of JSON, the same for resolved configurations that compute the same run on every seed.

    Without seed, run and wandb; keys sorted; numbers by value (1 is 1.0, true is not 1); infinity as "inf".

    Args:
        target: whether a schedule counts that a method records and does not follow; see `reads_target`.

    Raises:
        InputError: a NaN.
    """
    return json.dumps(_plain(computed(config, target=target)), sort_keys=True, separators=(",", ":"), allow_nan=False)


def reads_target(metrics: Iterable[str]) -> bool:
    """Whether one of the metrics (of objectives, of a pruner, of a guard) depends on the schedule as recorded."""
    return any(name == TRACKING_ERROR or name.startswith(CONTROL) for name in metrics)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        raise InputError("a configuration must not hold NaN", repr(value), "Set a number.")
    if math.isinf(value):
        return str(value)
    return int(value) if value.is_integer() else value
