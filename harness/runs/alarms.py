"""Metrics that a person must see: when they are not 0, the run does not do what it was asked to do."""

from __future__ import annotations

from collections.abc import Mapping

ALARMS = {
    "control/saturated": ("saturated", "for a long streak of steps the entropy has not followed its control"),
    "control/skipped_update": ("update skipped", "no rollout was kept, so the policy was not updated"),
}
"""Metric -> its short name for displays, and what it means."""


def alarms(data: Mapping[str, float | None]) -> tuple[str, ...]:
    """Short names of the alarms that a record raises."""
    return tuple(name for metric, (name, _) in ALARMS.items() if data.get(metric))
