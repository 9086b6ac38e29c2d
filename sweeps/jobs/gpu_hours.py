"""What a run's allocations were paid for: GPU-hours by what became of them. Pure.

Every second between the start and the end of an allocation, times its GPUs, is one of

    useful     a step that is in the run's stitched record and was done for the first time
    replayed   a step that is in the stitched record and had been done before: a resume went back to a checkpoint
    starting   from the start to the first record of the attempt, without that step itself (its `timing_s/step`):
               the environment, loading, compiling, the validation before training. Of attempts that kept a step
    lost       nothing of it is in the stitched record: steps that a resume threw away, whole attempts that kept none,
               and what came after the last record (the step that was cut off, a last checkpoint, idling)
    open       since the last record of an allocation that has not ended: nobody knows yet

and they add up to what was allocated. A step lasts from the record before it to its own. `useful` + `replayed` is what
all steps of the record took; an uninterrupted run would have paid that and one `starting`. `queued` is what the
allocations would have cost while they waited; it is not paid.

A run without GPUs is counted in job-hours: its allocations weigh 1, and those of a run with GPUs the number of them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from harness.errors import InputError
from harness.runs import Record, stitch

GPU_HOURS, JOB_HOURS = "GPU-h", "job-h"
SECONDS_PER_HOUR = 3600.0
STEP_METRIC = "timing_s/step"


@dataclass(frozen=True)
class Allocation:
    """One start of a job: Unix seconds. A job that was requeued has several."""

    start: float | None
    """None where it has not started, or ended before it did."""
    end: float | None
    """None where it goes on."""
    gpus: int
    queued_s: float = 0.0
    """Seconds that it waited before its start, or has waited so far."""
    estimated: bool = False
    """Whether start or end are what the job and its driver saw themselves, and not the scheduler's accounting."""

    def __post_init__(self) -> None:
        times = [time for time in (self.start, self.end) if time is not None]
        if not all(map(math.isfinite, (*times, self.queued_s))) or times != sorted(times):
            raise InputError("an allocation must start before it ends, at finite times", repr(self))
        if self.gpus < 0 or self.queued_s < 0:
            raise InputError("an allocation must have GPUs and seconds of waiting >= 0", repr(self))


@dataclass(frozen=True)
class Hours:
    """Hours in `unit` (GPU-h, or job-h without GPUs) by what became of them; `queued` is not paid."""

    unit: str = JOB_HOURS
    useful: float = 0.0
    replayed: float = 0.0
    starting: float = 0.0
    lost: float = 0.0
    open: float = 0.0
    queued: float = 0.0
    estimated: bool = False
    """Whether one of the allocations is."""

    @property
    def paid(self) -> float:
        """All that was allocated."""
        return self.useful + self.replayed + self.starting + self.lost + self.open


def hours(allocations: Iterable[Allocation], records: Sequence[Record], now: float) -> Hours:
    """The hours of one run.

    Args:
        records: all of the run in the order of writing, replayed ones included (`data` only of each attempt's first).
        now: Unix seconds, the end so far of what goes on.

    A record counts for the allocation that started last before it, at its start or end where it lies outside: the
    scheduler's times are whole seconds of another clock.
    """
    given = sorted(allocations, key=lambda each: each.start if each.start is not None else math.inf)
    begun = [each for each in given if each.start is not None]
    on_gpus = any(each.gpus for each in given)
    sums = dict.fromkeys(("useful", "replayed", "starting", "lost", "open", "queued"), 0.0)
    for allocation in given:
        sums["queued"] += _weight(allocation, on_gpus) * allocation.queued_s
    for allocation, own in zip(begun, _shared_out(begun, records), strict=True):
        for kind, seconds in _spent(allocation, own, now).items():
            sums[kind] += _weight(allocation, on_gpus) * seconds
    return Hours(
        unit=GPU_HOURS if on_gpus else JOB_HOURS,
        estimated=any(each.estimated for each in given),
        **{kind: seconds / SECONDS_PER_HOUR for kind, seconds in sums.items()},
    )


def total(each: Iterable[Hours]) -> list[Hours]:
    """The sums, one for each unit that there is, GPU-hours first."""
    by_unit: dict[str, list[Hours]] = {}
    for one in each:
        by_unit.setdefault(one.unit, []).append(one)
    names = [field.name for field in fields(Hours) if field.name not in ("unit", "estimated")]
    return [
        Hours(
            unit=unit,
            estimated=any(one.estimated for one in some),
            **{name: math.fsum(getattr(one, name) for one in some) for name in names},
        )
        for unit, some in sorted(by_unit.items())
    ]


@dataclass(frozen=True)
class _Step:
    """A record as it counts: its `kind` is useful, replayed or lost."""

    attempt: int
    time: float
    kind: str
    own_s: float
    """Its own `timing_s/step` where it is the first of its attempt; 0 where it has none."""


def _shared_out(begun: Sequence[Allocation], records: Sequence[Record]) -> list[list[_Step]]:
    """The steps of each allocation, in the order of writing."""
    kept = {(record["attempt"], record["step"]) for record in stitch(records)}
    starts = [each.start for each in begun if each.start is not None]
    shares: list[list[_Step]] = [[] for _ in begun]
    done: set[int] = set()
    for record in records if begun else ():
        step, attempt = record["step"], record["attempt"]
        kind = "lost" if (attempt, step) not in kept else "replayed" if step in done else "useful"
        done.add(step)
        own_s = max(0.0, record["data"].get(STEP_METRIC) or 0.0)
        shares[max(0, bisect_right(starts, record["time"]) - 1)].append(_Step(attempt, record["time"], kind, own_s))
    return shares


def _spent(allocation: Allocation, steps: Sequence[_Step], now: float) -> dict[str, float]:
    """Seconds of one allocation by kind."""
    assert allocation.start is not None
    start = allocation.start
    end = allocation.end if allocation.end is not None else max(start, now)
    spent = dict.fromkeys(("useful", "replayed", "starting", "lost", "open"), 0.0)
    kept_some = {step.attempt for step in steps if step.kind != "lost"}
    before, attempt = start, None
    for step in steps:
        time = min(max(step.time, before), end)
        took = time - before
        if step.attempt != attempt:
            own = min(took, step.own_s)
            spent["starting" if step.attempt in kept_some else "lost"] += took - own
            took, attempt = own, step.attempt
        spent[step.kind] += took
        before = time
    spent["lost" if allocation.end is not None else "open"] += end - before
    return spent


def _weight(allocation: Allocation, on_gpus: bool) -> int:
    return allocation.gpus if on_gpus else 1
