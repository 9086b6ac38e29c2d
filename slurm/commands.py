"""The one place that calls Slurm's commands (except sbatch, which submitit calls), and their protocol."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.errors import InputError, SchedulerError
from slurm.parse import (
    JOB_ID,
    SACCT_FORMAT,
    SQUEUE_FORMAT,
    accounted_jobs,
    queued_jobs,
    setting,
    shown_job,
    smallest,
)
from slurm.records import AccountedJob, Limits, QueuedJob, ShownJob

CHUNK = 500
"""Job ids in one command: 5 kB of the 128 kB that Linux allows one argument."""
TIMEOUT_S = 60.0
CHANGES_OUTPUT = ("SACCT_", "SCANCEL_", "SCONTROL_", "SQUEUE_")
"""Variables that change what a command prints or does. Those of SLURM_ say which cluster, and stay."""
UNKNOWN_JOB = "Invalid job id specified"
OVER_JOB = "Job/step already completing or completed"


class Commands(Protocol):
    """What is asked of Slurm. Every method raises SchedulerError where it gets no answer that it can read."""

    def squeue(self, user: str) -> list[QueuedJob]:
        """The user's jobs that wait, run, or are just ending."""

    def accounting(self, job_ids: Sequence[str]) -> list[AccountedJob]:
        """The attempts of the jobs, those of one job in order of time. A job that accounting lacks has none."""

    def show_job(self, job_id: str) -> ShownJob | None:
        """The job as the controller knows it; None where it knows none, which may only mean that it ended long ago."""

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Cancels the jobs, and returns before they are gone. Jobs that are over, or unknown, are left alone."""

    def requeue(self, job_id: str) -> None:
        """Stops the job and puts it back into the queue under the same id; it gets no time for a checkpoint."""

    def limits(self) -> Limits:
        """What the cluster allows the user who asks."""


class SlurmCommands:
    """The commands on PATH, each given `timeout_s`."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s

    def squeue(self, user: str) -> list[QueuedJob]:
        return queued_jobs(self._call("squeue", "--noheader", f"--user={user}", f"--format={SQUEUE_FORMAT}"))

    def accounting(self, job_ids: Sequence[str]) -> list[AccountedJob]:
        options = ("--noheader", "--parsable2", "--duplicates", "--allocations", f"--format={SACCT_FORMAT}")
        return [
            job
            for chunk in _chunks(job_ids)
            for job in accounted_jobs(self._call("sacct", *options, f"--jobs={','.join(chunk)}"))
        ]

    def show_job(self, job_id: str) -> ShownJob | None:
        _check([job_id])
        done = self._run("scontrol", "show", "job", job_id, "--oneliner")
        if done.returncode != 0 and UNKNOWN_JOB in done.stderr:
            return None
        return shown_job(_output(done), job_id)

    def cancel(self, job_ids: Sequence[str]) -> None:
        for chunk in _chunks(job_ids):
            done = self._run("scancel", *chunk)
            problems = [line for line in done.stderr.splitlines() if UNKNOWN_JOB not in line and OVER_JOB not in line]
            if done.returncode != 0 and (problems or not done.stderr):
                _output(done)

    def requeue(self, job_id: str) -> None:
        _check([job_id])
        self._call("scontrol", "requeue", job_id)

    def limits(self) -> Limits:
        config = self._call("scontrol", "show", "config")
        sizes = [setting(config, key) for key in ("MaxArraySize", "MaxJobCount")]
        array, count = (int(size) if size is not None and size.isdecimal() else None for size in sizes)
        if setting(config, "AccountingStorageType") in (None, "(null)", "", "accounting_storage/none"):
            return Limits(array, count, None, None)
        rows = self._associations(setting(config, "ClusterName"))
        return Limits(array, count, smallest(rows, 0), smallest(rows, 1))

    def said(self, *command: str) -> tuple[int, str]:
        """Exit code and output of a command that only looks.

        Raises:
            SchedulerError: it is not there, or does not answer.
        """
        done = self._run(*command)
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr or done.stdout

    def _associations(self, cluster: str | None) -> str:
        """Lines MAX_JOBS|MAX_SUBMIT_JOBS: of the user's associations, and of each QOS that they allow."""
        where = [f"user={getpass.getuser()}", *([f"cluster={cluster}"] if cluster else [])]
        ask = ("--noheader", "--parsable2", "show")
        own = self._call("sacctmgr", *ask, "association", "where", *where, "format=MaxJobs,MaxSubmit,QOS")
        names = {name for line in own.splitlines() for name in re.split(r"[|,]", line)[2:] if name}
        every = self._call("sacctmgr", *ask, "qos", "format=MaxJobsPU,MaxSubmitPU,Name")
        return own + "".join(f"{line}\n" for line in every.splitlines() if line.rsplit("|", 1)[-1] in names)

    def _call(self, *command: str) -> str:
        return _output(self._run(*command))

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=self._timeout_s,
                env=_environment(),
            )
        except OSError as error:
            raise SchedulerError(
                f"{command[0]} must run", str(error), "Run this where Slurm's commands are on PATH."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SchedulerError(
                f"{command[0]} must answer within {self._timeout_s:g} s", "no answer", "The controller may be down."
            ) from error


def _output(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing")[-2000:]
        raise SchedulerError(f"{' '.join(done.args)[:200]} must succeed", f"exit code {done.returncode} and: {said}")
    return done.stdout


def _environment() -> dict[str, str]:
    # Slurm prints local times without a zone; these two make them Unix seconds.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CHANGES_OUTPUT)}
    return {**kept, "LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "%s"}


def _chunks(job_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    _check(job_ids)
    for start in range(0, len(job_ids), CHUNK):
        yield job_ids[start : start + CHUNK]


def _check(job_ids: Sequence[str]) -> None:
    """Raises InputError where one is no job id: Slurm would take it for an option or for another job."""
    for job_id in job_ids:
        if not JOB_ID.fullmatch(job_id):
            raise InputError("a Slurm job id must be a number, or NUMBER_NUMBER", repr(job_id))
