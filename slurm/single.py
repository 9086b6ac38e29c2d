"""The job of a folder of which there is one at a time: the driver of a study, or an evaluation."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.config.resources import ResourcesConfig
from harness.errors import SchedulerError
from slurm.command_job import NAME_VARIABLE, CommandJob, Work
from slurm.commands import Commands
from slurm.executor import DoubtfulError, submit
from slurm.records import QueuedJob
from slurm.starts import FOLDER
from slurm.text import JobText
from sweeps.jobs.journal import Journal


@dataclass(frozen=True)
class Submitted:
    """A job that Slurm has taken."""

    name: str
    id: str


class SingleJob:
    """The job of a folder; `folder` has its journal, its starts and what submitit writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def live(self, commands: Callable[[], Commands]) -> QueuedJob | None:
        """The job in the queue or at work, where it is not this process's own; Slurm is asked only if there was one.

        Raises:
            SchedulerError: Slurm does not say.
        """
        record = Journal(self.folder).open_job()
        if record is None or record.job == os.environ.get(NAME_VARIABLE):
            return None
        return next((job for job in commands().squeue(getpass.getuser()) if job.name == record.job), None)

    def text(self, name: str, resources: ResourcesConfig, snapshot: Path) -> JobText:
        """What sbatch is given."""
        return JobText(name, resources, str(self.folder.resolve() / FOLDER), str(snapshot.resolve()), sys.executable)

    def submit(
        self, name: str, resources: ResourcesConfig, snapshot: Path, work: Work, sbatch: Callable[..., str] = submit
    ) -> Submitted:
        """Submits it. It begins once `confirm` was called, and after a minute at the latest.

        Raises:
            BusyError: not taken now. SchedulerError: refused, or Slurm is not there. Nothing is left but the name.
        """
        text = self.text(name, resources, snapshot)
        self.folder.mkdir(parents=True, exist_ok=True)
        journal = Journal(self.folder)
        journal.start(name)
        try:
            return Submitted(name, sbatch(text, CommandJob(work)))
        except DoubtfulError:
            raise  # its name stays in the journal, and finds it
        except SchedulerError:
            journal.void(name)
            raise

    def confirm(self, job: Submitted) -> None:
        """Writes down the id."""
        Journal(self.folder).known(job.name, job.id)


def refuse_live(job: QueuedJob | None, what: str, instead: str) -> None:
    """Raises SchedulerError where there is a job; `what` it is of, `instead` of a second one do what."""
    if job is not None:
        state = job.state_text.lower()
        where = f" on {job.node}" if job.node else f" ({job.reason})" if job.reason else ""
        raise SchedulerError(
            f"{what} must have one job at a time",
            f"a second one while job {job.job_id} is {state}{where}",
            f"{instead}, or stop it: `scancel {job.job_id}`.",
        )
