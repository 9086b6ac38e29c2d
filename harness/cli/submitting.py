"""`driver=slurm`: the driver of a study as a job that comes back until the study is over."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cli.again import ENTROCRAFT, frozen_study, sweep_words
from harness.config.launch import LaunchConfig
from harness.errors import SchedulerError
from harness.exits import Exit
from slurm.command_job import Work
from slurm.commands import Commands, SlurmCommands
from slurm.launcher import job_name
from slurm.single import SingleJob, Submitted, refuse_live
from slurm.text import JobText
from sweeps.jobs.driver_job import FOLDER, LOG
from sweeps.lease.lease import Lease
from sweeps.snapshot import planned, take

TERMINATED = -15
"""Exit code of a driver that a second SIGTERM ended: the scheduler sends one, too."""


def refuse_second(folder: Path, commands: Callable[[], Commands] = SlurmCommands) -> None:
    """Raises SchedulerError: a job drives this study, or waits to; its number is named."""
    job = SingleJob(folder / FOLDER).live(commands)
    refuse_live(job, f"the driver of the study in {str(folder)!r}", "Watch it with `entrocraft status`")


def submit_driver(
    launch: LaunchConfig,
    study: str,
    folder: Path,
    overrides: Sequence[str],
    retry_failed: bool,
    say: Callable[[str], None],
    commands: Callable[[], Commands] = SlurmCommands,
) -> Submitted:
    """Submits the driver's job; of two that try at once, one.

    Raises:
        StudyError: a driver works on the study. SchedulerError: a job of it is in the queue, or Slurm refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    job, lease = SingleJob(folder / FOLDER), Lease(folder)
    lease.acquire(say)
    try:
        refuse_second(folder, commands)
        code = take(folder).path
        words = sweep_words(overrides, folder.parent, frozen_study(overrides, job.folder))
        python = launch.resources.python or sys.executable
        name = job_name(study, "driver")
        work = Work(
            folder=str(job.folder),
            name=name,
            command=(python, *ENTROCRAFT, *words),
            log=str(folder.absolute() / LOG),
            once=("--retry-failed",) if retry_failed else (),
            unfinished=(Exit.STOPPED, TERMINATED),
        )
        try:
            submitted = job.submit(name, launch.driver_resources.job(launch.resources), code, work)
        except SchedulerError as error:
            remedy = (error.remedy or "").replace(" resources.", " driver_resources.")
            raise type(error)(f"the driver's job: {error.rule}", error.value, remedy or None) from error
    finally:
        lease.release()
    job.confirm(submitted)  # after the release: the job waits for it, and finds the study free
    return submitted


def driver_text(launch: LaunchConfig, folder: Path, name: str) -> JobText:
    """What sbatch would be given for the driver's job."""
    job = SingleJob(folder / FOLDER)
    return job.text(name, launch.driver_resources.job(launch.resources), planned(folder))
