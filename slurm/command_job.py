"""A job that runs a command until it is over: the driver of a study, or an evaluation.

The command goes on where it stopped when it is started again, so the job may end before it: at SIGUSR2 (before the
time limit, or before a preemption) the command is asked to end with SIGTERM, and the job goes back into the queue.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness.exits import Exit
from slurm.starts import Starts
from slurm.watching import WatchingJob, say
from sweeps.jobs.journal import Journal

NAME_VARIABLE = "ENTROCRAFT_JOB"
"""In the command's environment: the name of the job that it is in."""
CONFIRMED_S = 60.0
"""How long a job waits for its submitter to write down its id, who keeps others from the study until then."""
LOOK_S = 0.2


@dataclass(frozen=True)
class Work:
    """What a job does. `command` is run without a shell, its output appended to `log`."""

    folder: str
    """Its journal and its starts are there; absolute."""
    name: str
    """The job's, unique to the submission."""
    command: tuple[str, ...]
    log: str
    once: tuple[str, ...] = ()
    """Further arguments of the first start alone, such as --retry-failed."""
    unfinished: tuple[int, ...] = (-signal.SIGTERM,)
    """Exit codes after a request to end that mean: there is something left to do."""


class CommandJob(WatchingJob):
    """Does the work."""

    def __init__(self, work: Work) -> None:
        super().__init__(work.folder, work.name, work.unfinished)
        self.work = work

    def __call__(self) -> None:
        work, folder = self.work, Path(self.work.folder)
        if not _newest(folder, work.name):
            say(f"job {work.name} does nothing: a newer one was submitted")
            sys.exit(Exit.SUPERSEDED)
        self.hear_term()
        first = not any(start.job == work.name for start in Starts(folder).all())
        self.begin(step=0)
        command = [*work.command, *(work.once if first else ())]
        self.leave(self.run(command, Path(work.log), {NAME_VARIABLE: work.name}))

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)


def _newest(folder: Path, name: str) -> bool:
    """Whether this is the last job that was submitted; waits until its submitter has finished."""
    deadline = time.monotonic() + CONFIRMED_S
    while True:
        jobs = Journal(folder).jobs()
        if jobs and jobs[-1].job != name:
            return False
        if (jobs and jobs[-1].id is not None) or time.monotonic() > deadline:
            return True
        time.sleep(LOOK_S)
