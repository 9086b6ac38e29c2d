"""The jobs of a run as its folder shows them: by what accounting said, else by what the jobs wrote themselves."""

from __future__ import annotations

from collections.abc import Sequence

from harness.runs import Manifest, Record, RunFolder
from slurm.accounting import Job, Row, jobs, queued
from slurm.starts import JobStart, Starts
from sweeps.jobs.gpu_hours import Allocation
from sweeps.jobs.journal import Journal
from sweeps.jobs.known import JobView

SLACK_S = 2.0
"""Accounting has whole seconds."""


def slurm_jobs(run: RunFolder, manifest: Manifest, records: Sequence[Record], alive: bool, now: float) -> JobView:
    """As `sweeps.jobs.known.Look`. A job whose end no driver has seen counts as one that goes on."""
    journal = Journal(run.path).jobs()
    starts = Starts(run.path).all()
    open_job = journal[-1].job if journal and journal[-1].ended is None else None
    place = queued(run.path)
    place = place if place is not None and place.name == open_job else None
    last = starts[-1] if starts else None
    began = last is not None and last.job == open_job and (place is None or last.time > place.time)
    waiting = open_job is not None and not began and (place is None or place.waiting)
    known = _jobs(run, starts)
    allocations = [
        each
        for job in known
        for each in _allocations(
            job, [s for s in starts if s.job == job.name], records, now, job.name == open_job, waiting
        )
    ]
    return JobView(
        id=journal[-1].id if journal and journal[-1].id else known[-1].id if known else None,
        node=place.node if place is not None and place.node and not began else last.node if last is not None else None,
        waiting=waiting,
        why=place.reason if place is not None and waiting else "",
        alive=open_job is not None and not waiting,
        allocations=tuple(allocations),
    )


def _jobs(run: RunFolder, starts: Sequence[JobStart]) -> list[Job]:
    """The jobs that were entered, and those that only wrote a start; these count as jobs without GPUs."""
    entered = jobs(run.path)
    names = {job.name for job in entered}
    others = {start.job: Job(start.id, start.job, 0, start.time) for start in starts if start.job not in names}
    return sorted([*entered, *others.values()], key=lambda job: job.submitted)


def _allocations(
    job: Job, starts: Sequence[JobStart], records: Sequence[Record], now: float, is_open: bool, waiting: bool
) -> list[Allocation]:
    """Accounting's, and for each start that it lacks an estimated one."""
    sure = [_of_row(row, job.gpus) for row in job.rows if row.ended is not None]
    missing = [start for start in starts if not any(_has(each, start) for each in sure)]
    free_since = max([job.submitted, *(each.end for each in sure if each.end is not None)])
    guessed = []
    for start in missing:
        goes_on = is_open and not waiting and start is starts[-1]
        end = None if goes_on else _last_sign(start, starts, records)
        guessed.append(Allocation(start.time, end, job.gpus, max(0.0, start.time - free_since), estimated=True))
        free_since = max(free_since, start.time if end is None else end)
    if is_open and waiting:
        guessed.append(Allocation(None, None, job.gpus, max(0.0, now - free_since), estimated=True))
    return [*sure, *guessed]


def _of_row(row: Row, asked: int) -> Allocation:
    assert row.ended is not None
    gpus = row.gpus if row.gpus is not None else asked
    begun = row.started if row.started is not None else row.ended
    waited = max(0.0, begun - row.submitted) if row.submitted is not None else 0.0
    return Allocation(row.started, max(row.ended, begun), gpus, waited)


def _has(allocation: Allocation, start: JobStart) -> bool:
    if allocation.start is None or allocation.end is None:
        return False
    return allocation.start - SLACK_S <= start.time <= allocation.end + SLACK_S


def _last_sign(start: JobStart, starts: Sequence[JobStart], records: Sequence[Record]) -> float:
    """When the job ended at the earliest: its own word, else its last record, else its beginning."""
    if start.ended is not None:
        return max(start.time, start.ended)
    until = min((other.time for other in starts if other.time > start.time), default=float("inf"))
    return max([start.time, *(record["time"] for record in records if start.time <= record["time"] < until)])
