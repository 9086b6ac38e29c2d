"""The value of a run: a number read from its folder."""

from __future__ import annotations

import statistics

from harness.config.study import Objective
from harness.errors import StudyError
from harness.runs import RunFolder

TRACKING_ERROR = "tracking_error"
SETTLING_STEPS = 20
"""A run's tracking error is its mean over steps 21..T: no settling time is chosen run by run."""


def run_value(run: RunFolder, objective: Objective) -> float:
    """The objective of a complete run.

    Raises:
        StudyError: the run recorded no such metric; the message lists those it did record.
    """
    if objective.metric == TRACKING_ERROR:
        return tracking_error(run)
    records = run.metrics()
    for record in reversed(records):
        value = record["data"].get(objective.metric)
        if value is not None:
            return value
    recorded = sorted({name for record in records for name in record["data"]})
    raise StudyError(
        f"the objective must be a metric that the run {run.path.name} records",
        repr(objective.metric),
        f"Recorded: {', '.join(recorded) or 'nothing'}.",
    )


def tracking_error(run: RunFolder) -> float:
    """Mean of |entropy - middle of the band| over steps 21..T, in nats per token; no step may lack it."""
    last = run.manifest()["steps"]
    errors = {record["step"]: record["data"].get("control/tracking_error") for record in run.metrics()}
    wanted = range(SETTLING_STEPS + 1, last + 1)
    found = [error for step in wanted if (error := errors.get(step)) is not None]
    if not wanted or len(found) < len(wanted):
        raise StudyError(
            f"the objective {TRACKING_ERROR!r} must have control/tracking_error at every step from "
            f"{SETTLING_STEPS + 1} on",
            f"{len(found)} of {len(wanted)} steps in the run {run.path.name}",
            "Give every trial a schedule and more steps, or choose another objective.",
        )
    return statistics.fmean(found)
