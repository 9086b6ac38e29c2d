"""Cancelling the jobs of runs, with or without a driver that follows them."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence

from harness.runs import RunFolder
from slurm.commands import Commands, SlurmCommands
from slurm.records import QueuedJob
from sweeps.jobs.journal import Journal


class SlurmCanceller:
    """`scancel` for runs, after one look at the user's queue."""

    def __init__(self, commands: Commands | None = None) -> None:
        self._commands = commands or SlurmCommands()

    def cancel(self, runs: Sequence[RunFolder], now: bool = False) -> list[str]:
        """As `sweeps.jobs.launcher.Canceller`. Only the caller's own jobs are seen, and may be cancelled."""
        return cancel_jobs(self._commands, self._commands.squeue(getpass.getuser()), runs, now) if runs else []


def cancel_jobs(commands: Commands, queue: Iterable[QueuedJob], runs: Sequence[RunFolder], now: bool) -> list[str]:
    """Cancels the runs' jobs in the queue that wait, and with `now` those that run; what it cancelled, in words.

    A job is a run's by its name, which no other job has: ids are used again, and an id may not be written down yet.
    """
    names = {job.name: job for job in queue}
    found = [names[job] for run in runs if (job := _newest(run)) is not None and job in names]
    chosen = [job for job in found if job.state.waiting or now]
    if chosen:
        commands.cancel([job.job_id for job in chosen])
    return [f"job {job.job_id} ({'waiting' if job.state.waiting else 'running'})" for job in chosen]


def _newest(run: RunFolder) -> str | None:
    record = Journal(run.path).open_job()
    return record.job if record is not None else None
