"""What runs inside a Slurm job: the run's process, watched by the one that Slurm's signals reach.

submitit loads `RunJob` in the job and calls it. SIGUSR2 (before the time limit, or before a preemption) reaches
submitit's handler, which calls `checkpoint` and requeues the job; SIGTERM (Slurm takes the machine away without
asking) only stops the run: what happens then is Slurm's decision, and the driver's.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from harness.processes import die_with_parent
from harness.runs import RunFolder
from harness.runs.space import no_space
from slurm.starts import JobStart, Starts
from sweeps.journal import Journal
from sweeps.launcher import RUN_COMMAND

ASKER = "job"
"""Whose stop request it is: the job withdraws it when it starts again."""
STOPPED, LOCKED, NO_SPACE, SUPERSEDED, CRASH_LOOP = 3, 4, 5, 6, 8
"""Exit codes of a job beside those of `harness.execute`."""
SIGNALLED = 128
"""Exit code of a job that a signal made stop: this plus the signal's number."""
LOCK_PATIENCE_S = 60.0
"""A killed job's run may be writing its last checkpoint."""


class RunJob:
    """Executes the run of a folder as the job `name`. Ends the process itself, with an exit code for Slurm."""

    def __init__(self, run: str, name: str, stalled: int, command: tuple[str, ...] | None = None) -> None:
        """`stalled`: starts in a row without progress after which the job does not start the run again."""
        self.run, self.name, self.stalled, self.command = run, name, stalled, command
        self._process: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None

    def __call__(self) -> None:
        try:
            self._work()
        except Exception as error:
            if not no_space(error, Path(self.run)):
                raise
            say(f"job {self.name} ends: {error}")
            self._leave(NO_SPACE)

    def _work(self) -> None:
        folder, starts = RunFolder(self.run), Starts(Path(self.run))
        jobs = Journal(folder.path).jobs()
        if jobs and jobs[-1].job != self.name:
            say(f"job {self.name} does nothing: the run has a newer job, {jobs[-1].job}")
            sys.exit(SUPERSEDED)
        signal.signal(signal.SIGTERM, self._on_term)
        if folder.stop_asker() == ASKER:
            folder.clear_stop()
        if folder.cancelled() is not None:
            say(f"job {self.name} does nothing: the run is cancelled {folder.cancelled()}")
            sys.exit(STOPPED)
        starts.begin(self._start(folder))
        if starts.idle() > self.stalled:
            say(f"job {self.name} does nothing: {starts.idle()} starts in a row without progress")
            self._leave(CRASH_LOOP)
        self._leave(self._execute(folder))

    def checkpoint(self) -> Any:
        """submitit's hook at SIGUSR2: the run stops with a checkpoint; returned is what the requeued job does."""
        from submitit.helpers import DelayedSubmission

        self._signal = signal.SIGUSR2
        self._ask_to_stop()
        code = wait(self._process.pid) if self._process is not None else STOPPED
        if code != STOPPED:
            self._leave(code)
        with suppress(OSError):
            Starts(Path(self.run)).end(SIGNALLED + signal.SIGUSR2)
        return DelayedSubmission(RunJob(self.run, self.name, self.stalled, self.command))

    def __getstate__(self) -> dict[str, Any]:
        """Without the process: it stays here."""
        return {**vars(self), "_process": None, "_signal": None}

    def _execute(self, folder: RunFolder) -> int:
        """The exit code of the run's process, started again for a while where another one holds the run's lock."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            with folder.log_path.open("ab") as log:
                self._process = subprocess.Popen(
                    [*(self.command or RUN_COMMAND), str(folder.path.resolve())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a signal for the job's processes must not end it before its checkpoint
                    preexec_fn=_child,
                )
            if self._signal is not None:
                self._ask_to_stop()  # the signal came while there was no process
            code = wait(self._process.pid)
            if code != LOCKED or time.monotonic() > deadline or self._signal is not None:
                return code
            time.sleep(1.0)

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        """The run's process sees the request after its step. An earlier request of somebody else stays his."""
        folder = RunFolder(self.run)
        if folder.stop_asker() is None and not folder.is_done():
            with suppress(OSError):  # a full disk: then it is killed instead
                folder.request_stop(ASKER)

    def _leave(self, code: int) -> None:
        """Ends this process. Stopped because of a signal is something else than stopped because somebody wished."""
        if code == STOPPED and self._signal is not None:
            code = SIGNALLED + self._signal
        code = SIGNALLED - code if code < 0 else code
        with suppress(OSError):
            Starts(Path(self.run)).end(code)
        sys.exit(code)

    def _start(self, folder: RunFolder) -> JobStart:
        last = folder.last_record()
        return JobStart(
            job=self.name,
            id=os.environ.get("SLURM_JOB_ID", ""),
            restart=int(os.environ.get("SLURM_RESTART_COUNT", "0")),
            node=os.environ.get("SLURMD_NODENAME") or socket.gethostname(),
            time=time.time(),
            step=last["step"] if last is not None else 0,
        )


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
