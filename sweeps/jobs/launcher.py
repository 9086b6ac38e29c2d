"""Starting a run's job: the protocol that every launcher keeps, and the one for this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.exits import Exit
from harness.runs import RunFolder, holder
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import Journal

RUN_COMMAND = (sys.executable, "-m", "harness.execute")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Handle(Protocol):
    """A job that was started, by this driver or by an earlier one."""

    @property
    def job(self) -> str:
        """What the journal calls it, such as `process 4711`."""

    def poll(self) -> End | None:
        """How it ended; None while it lives, waits, or cannot be asked about."""


class Canceller(Protocol):
    """Ends what was started for runs, whoever started it."""

    def cancel(self, runs: Sequence[RunFolder], now: bool = False) -> list[str]:
        """Takes the jobs of the runs that wait out of the queue, and with `now` ends the running ones, too.

        Returns what it ended, in words. Running jobs are else left to their runs' stop requests.

        Raises:
            SchedulerError: the scheduler does not answer.
        """


class Launcher(Canceller, Protocol):
    """Starts or resumes the runs of a study; a run's process takes the run's lock and keeps it while it works."""

    detached: bool
    """Whether the jobs belong to a scheduler: a driver that ends leaves them alone and finds them again."""

    def start(self, run: RunFolder) -> Handle:
        """Starts a job for the run and returns at once.

        Raises:
            BusyError: not now; nothing was started. SchedulerError: never like this.
        """

    def find(self, run: RunFolder) -> Handle | None:
        """The job that an earlier driver started for the run and whose end is not in its journal.

        Raises:
            BusyError: nobody can say now.
        """

    def refresh(self) -> None:
        """Looks at all jobs at once; called at the beginning of every poll."""

    def room(self) -> int | None:
        """How many more jobs may be started now; None for as many as the study wants."""

    def close(self) -> None:
        """Writes down what is still to be known of jobs that have ended; called when the study is over."""

    @property
    def note(self) -> str | None:
        """What the person who watches should know now, such as a scheduler that does not answer."""


@dataclass(frozen=True)
class LocalHandle:
    """A process on this machine."""

    process: subprocess.Popen[bytes]

    @property
    def job(self) -> str:
        return f"process {self.process.pid}"

    def poll(self) -> End | None:
        code = self.process.poll()
        if code is None:
            return None
        by_code: dict[int, Cause] = {Exit.LOCKED: Cause.ELSEWHERE, Exit.NO_SPACE: Cause.OUT_OF_DISK}
        cause = Cause.KILLED if code < 0 else by_code.get(code, Cause.ENDED)
        return End(cause, code, f"the process ended with exit code {code}")


class LocalLauncher:
    """A process on this machine, in a session of its own: it survives the driver and hears no Ctrl-C.

    `run_command` gets the run folder as its last argument. It exits with 0 complete, 3 stopped, 1 failed
    (the reason is in the manifest), 4 (the lock is held by another process) or 5 (the disk is full).
    """

    detached = False
    note = None

    def __init__(self, run_command: Sequence[str] = RUN_COMMAND) -> None:
        self._command = tuple(run_command)

    def start(self, run: RunFolder) -> LocalHandle:
        threads = str(run.manifest()["threads"])
        with run.log_path.open("ab") as log:
            process = subprocess.Popen(
                [*self._command, str(run.path.resolve())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    **dict.fromkeys(THREAD_VARIABLES, threads),
                    "TOKENIZERS_PARALLELISM": "false",
                },
                start_new_session=True,
            )
        handle = LocalHandle(process)
        try:
            Journal(run.path).start(handle.job)
        except OSError:  # a full disk: a process that nobody knows of would go on beside the next one
            process.kill()
            process.wait()
            raise
        return handle

    def find(self, run: RunFolder) -> None:
        """None: what an earlier driver started is known by the lock that it holds."""

    def cancel(self, runs: Sequence[RunFolder], now: bool = False) -> list[str]:
        """With `now` kills the runs' processes on this machine; none of them ever waits."""
        return [killed for run in runs if now and (killed := _kill(run)) is not None]

    def refresh(self) -> None:
        """Each process is asked by itself."""

    def close(self) -> None:
        """All is known."""

    def room(self) -> None:
        """As many as the study wants."""


def _kill(run: RunFolder) -> str | None:
    """Kills the process that holds the run's lock, with the session that it leads; what it killed, in words."""
    found = holder(run.path)
    if found is None or found["host"] != socket.gethostname() or found["pid"] <= 1:
        return None
    pid = found["pid"]
    try:
        # A run that was started from a shell shares its group with others.
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return f"process {pid}"
