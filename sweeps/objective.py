"""The value of a run: a number read from its folder."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

from harness.config.objective import GPU_HOURS, TRACKING_ERROR, Objective
from harness.errors import StudyError
from harness.runs import Record, RunFolder

SETTLING_STEPS = 20
"""A run's tracking error is its mean over steps 21..T: no settling time is chosen run by run."""


def run_value(run: RunFolder, objective: Objective, hours: Callable[[], float] | None = None) -> float:
    """The objective of a complete run.

    Args:
        hours: the hours that the run's allocations were paid for (`gpu_hours.Hours.paid`), asked for the objective
            `gpu_hours` alone.

    Raises:
        StudyError: the run recorded no such metric (the message lists those it did record), or too few values of it;
            what it cost is not known.
    """
    if objective.metric == TRACKING_ERROR:
        return tracking_error(run)
    if objective.metric == GPU_HOURS:
        return _paid(run, hours)
    records = run.metrics()
    curve = _curve(records, objective.metric)
    if not curve:
        recorded = sorted({name for record in records for name in record["data"]})
        raise StudyError(
            f"the objective must be a metric that the run {run.path.name} records",
            repr(objective.metric),
            f"Recorded: {', '.join(recorded) or 'nothing'}.",
        )
    needed = {"mean": objective.last, "area": 2}.get(objective.steps, 1)
    if len(curve) < needed:
        raise StudyError(
            f"the {objective.steps} of {objective.metric!r} needs {needed} recorded values",
            f"{len(curve)} in the run {run.path.name}",
            "Record it more often, set objective.steps=final, or a smaller objective.last with steps=mean.",
        )
    return reduced(curve, objective)


def reduced(curve: Sequence[tuple[int, float]], objective: Objective) -> float:
    """One number of a curve (step, value), steps rising; it has as many values as `objective.steps` needs."""
    values = [value for _, value in curve]
    if objective.steps == "best":
        return max(values) if objective.direction == "maximize" else min(values)
    if objective.steps == "mean":
        return statistics.fmean(values[-objective.last :])
    if objective.steps == "area":
        return area(curve)
    return values[-1]


def area(curve: Sequence[tuple[int, float]]) -> float:
    """The area under a curve of two or more values by the trapezoid rule, divided by its span of steps.

    In units of the value: the mean of the line through the points, whatever the steps between them.
    """
    pieces = [(after - before) * (low + high) / 2 for (before, low), (after, high) in pairwise(curve)]
    return math.fsum(pieces) / (curve[-1][0] - curve[0][0])


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


def _curve(records: Sequence[Record], metric: str) -> list[tuple[int, float]]:
    """(step, value) where it was recorded as a number."""
    found = [(record["step"], record["data"].get(metric)) for record in records]
    return [(step, value) for step, value in found if value is not None]


def _paid(run: RunFolder, hours: Callable[[], float] | None) -> float:
    paid = hours() if hours is not None else None
    if paid is None or not math.isfinite(paid) or paid < 0:
        raise StudyError(
            f"the objective {GPU_HOURS!r} needs the hours that the run {run.path.name} was paid for",
            "no account of its jobs" if paid is None else f"{paid} hours",
            "Choose another objective.",
        )
    return paid
