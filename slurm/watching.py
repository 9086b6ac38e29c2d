"""A job that watches the process which does the work, since only the job's own process hears Slurm's signals.

submitit loads the job and calls it. SIGUSR2 (before the time limit, or before a preemption) reaches submitit's handler,
which calls `checkpoint` and requeues the job; SIGTERM (Slurm takes the machine away without asking) only asks the
process to end: what happens then is Slurm's decision, and the driver's.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from harness.processes import die_with_parent
from slurm.starts import JobStart, Starts

SIGNALLED = 128
"""Exit code of a job that a signal made stop: this plus the signal's number."""


class WatchingJob(ABC):
    """The job `name` of a folder. Ends its process itself, with an exit code for Slurm.

    `unfinished`: exit codes of the watched process after a request to end that mean: there is something left to do.
    """

    def __init__(self, folder: str, name: str, unfinished: tuple[int, ...]) -> None:
        self.folder, self.name, self.unfinished = folder, name, unfinished
        self._process: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None

    @abstractmethod
    def __call__(self) -> None:
        """Does the job's work; submitit calls it."""

    @abstractmethod
    def ask_to_end(self) -> None:
        """Asks the process to end, in the way that it understands; called in handlers of signals."""

    def checkpoint(self) -> Any:
        """submitit's hook at SIGUSR2: the process ends; returned is what the requeued job does, the same."""
        from submitit.helpers import DelayedSubmission

        self._signal = signal.SIGUSR2
        self.ask_to_end()
        if self._process is not None and (code := wait(self._process.pid)) not in self.unfinished:
            self.leave(code)
        with suppress(OSError):
            self.starts.end(SIGNALLED + signal.SIGUSR2)
        return DelayedSubmission(self)

    def __getstate__(self) -> dict[str, Any]:
        """Without the process: it stays here."""
        return {**vars(self), "_process": None, "_signal": None}

    @property
    def starts(self) -> Starts:
        return Starts(Path(self.folder))

    @property
    def signalled(self) -> bool:
        """Whether a signal has asked the job to end."""
        return self._signal is not None

    def hear_term(self) -> None:
        """From now on SIGTERM asks the process to end."""
        signal.signal(signal.SIGTERM, self._on_term)

    def run(self, command: Sequence[str], log: Path, variables: Mapping[str, str] | None = None) -> int:
        """The exit code of the command, run in a session of its own, its output appended to `log`."""
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(variables or {})},
                start_new_session=True,  # a signal for the job's processes must not end it before its checkpoint
                preexec_fn=_child,
            )
        if self.signalled:
            self.ask_to_end()  # the signal came while there was no process
        return wait(self._process.pid)

    def leave(self, code: int) -> None:
        """Ends this process. Ended because of a signal is something else than ended because somebody wished."""
        if self._signal is not None and code in self.unfinished:
            code = SIGNALLED + self._signal
        code = SIGNALLED - code if code < 0 else code
        with suppress(OSError):
            self.starts.end(code)
        sys.exit(code)

    def begin(self, step: int) -> None:
        """Writes down that the job has started; `step` is the last one that its run has recorded."""
        self.starts.begin(
            JobStart(
                job=self.name,
                id=os.environ.get("SLURM_JOB_ID", ""),
                restart=int(os.environ.get("SLURM_RESTART_COUNT", "0")),
                node=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
                time=time.time(),
                step=step,
            )
        )

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self.ask_to_end()


def wait(pid: int) -> int:
    """The exit code of a child, minus the number of the signal that killed it; the child is not reaped.

    Popen.wait holds a lock, on which a signal's handler that interrupts it and waits, too, would wait for ever.
    """
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None  # only with WNOHANG
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def say(text: str) -> None:
    """Into the job's own log, where the disk takes it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _child() -> None:
    die_with_parent()
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
