"""A job that runs a command until it is over: the driver of a study, or an evaluation.

The command goes on where it stopped when it is started again, so the job may end before it: at SIGUSR2 (before the
time limit, or before a preemption) the command is asked to end with SIGTERM, and the job goes back into the queue.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from harness.processes import die_with_parent
from slurm.job import SIGNALLED, SUPERSEDED, say, wait
from slurm.starts import JobStart, Starts
from sweeps.journal import Journal

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


class CommandJob:
    """Does the work. Ends the process itself, with an exit code for Slurm: the command's, or 128 + n for signal n."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._process: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None

    def __call__(self) -> None:
        folder = Path(self.work.folder)
        if not _newest(folder, self.work.name):
            say(f"job {self.work.name} does nothing: a newer one was submitted")
            sys.exit(SUPERSEDED)
        signal.signal(signal.SIGTERM, self._on_term)
        first = not any(start.job == self.work.name for start in Starts(folder).all())
        Starts(folder).begin(_start(self.work.name))
        self._leave(self._execute(self.work.once if first else ()))

    def checkpoint(self) -> Any:
        """submitit's hook at SIGUSR2: the command ends; returned is what the requeued job does."""
        from submitit.helpers import DelayedSubmission

        self._signal = signal.SIGUSR2
        self._ask_to_end()
        if self._process is not None and (code := wait(self._process.pid)) not in self.work.unfinished:
            self._leave(code)
        with suppress(OSError):
            Starts(Path(self.work.folder)).end(SIGNALLED + signal.SIGUSR2)
        return DelayedSubmission(CommandJob(self.work))

    def __getstate__(self) -> dict[str, Any]:
        """Without the process: it stays here."""
        return {**vars(self), "_process": None, "_signal": None}

    def _execute(self, once: tuple[str, ...]) -> int:
        with open(self.work.log, "ab") as log:
            self._process = subprocess.Popen(
                [*self.work.command, *once],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, NAME_VARIABLE: self.work.name},
                start_new_session=True,
                preexec_fn=_child,
            )
        if self._signal is not None:
            self._ask_to_end()  # the signal came while there was no process
        return wait(self._process.pid)

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._ask_to_end()

    def _ask_to_end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def _leave(self, code: int) -> None:
        if self._signal is not None and code in self.work.unfinished:
            code = SIGNALLED + self._signal
        code = SIGNALLED - code if code < 0 else code
        with suppress(OSError):
            Starts(Path(self.work.folder)).end(code)
        sys.exit(code)


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


def _start(name: str) -> JobStart:
    return JobStart(
        job=name,
        id=os.environ.get("SLURM_JOB_ID", ""),
        restart=int(os.environ.get("SLURM_RESTART_COUNT", "0")),
        node=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
        time=time.time(),
        step=0,
    )


def _child() -> None:
    die_with_parent()
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
