"""What of a resolved configuration decides what a run computes, in one form for all that compute the same."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

from harness.config.identity import UNESSENTIAL
from harness.config.schedule import ScheduleConfig
from harness.errors import ConfigError
from harness.methods import METHODS

SAME_AT_GAMMA_0 = ("gamma", "denominator")
"""Options of a filter that rejects nothing: what happens to rejected rows is no option then."""


def computed(config: Mapping[str, Any], *, target: bool = True) -> dict[str, Any]:
    """The settings of a run without its seed, its place and its mirror; JSON-able where the configuration is.

    A schedule is replaced by the bands that it gives step by step, so that a line from 0.3 to 0.3 is a constant.

    Args:
        target: whether a schedule counts that is recorded (`control/target`, `control/tracking_error`, ...) and not
            followed: under a method that needs none, or under a filter with gamma 0. It changes no weight of the
            model, but it does change a tracking error; leave it out only where nothing that is measured reads it.
    """
    found = {key: value for key, value in config.items() if key not in ("seed", *UNESSENTIAL)}
    method = found.get("method")
    if not isinstance(method, Mapping) or method.get("name") not in METHODS:
        return found
    accepts_all = _accepts_all(method)
    if accepts_all:
        found["method"] = {**method, **dict.fromkeys(SAME_AT_GAMMA_0, 0)}
    followed = METHODS[method["name"]].needs_schedule and not (accepts_all and _on_base_only(method))
    if not followed and not target:
        return {**found, "schedule": None}
    return {**found, "schedule": _bands(found.get("schedule"), found.get("trainer"))}


def _accepts_all(method: Mapping[str, Any]) -> bool:
    """Whether it is a filter whose rows all pass: exp(0 m A) is 1."""
    return method["name"] == "entrocraft" and method.get("gamma") == 0


def _on_base_only(method: Mapping[str, Any]) -> bool:
    """Whether the advantages are the base's in and out of the band; a raw reward comes in only out of it."""
    return method.get("advantage") == method.get("zero_variance") == "base"


def _bands(schedule: Any, trainer: Any) -> Any:
    """A digest of the low and the high bound at every step of the run; what is no whole schedule stays as it is."""
    if (
        not isinstance(schedule, Mapping)
        or not isinstance(trainer, Mapping)
        or not isinstance(trainer.get("steps"), int)
    ):
        return schedule
    try:
        bands = ScheduleConfig.from_dict(schedule, trainer["steps"]).bands
    except ConfigError:
        return schedule
    digest = hashlib.sha256()
    for step in range(1, trainer["steps"] + 1):
        band = bands.band(step)
        digest.update(struct.pack("<2d", band.low + 0.0, band.high + 0.0))
    return digest.hexdigest()
