"""Starting a run's process: the protocol that every launcher keeps, and the one for this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from harness.runs import RunFolder

RUN_COMMAND = (sys.executable, "-m", "harness.execute")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Handle(Protocol):
    """A started process."""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it lives."""


class Launcher(Protocol):
    """Starts or resumes the run of a folder; the process takes the run's lock and keeps it while it works."""

    def start(self, run: RunFolder) -> Handle:
        """Starts a process for the run and returns at once."""


class LocalLauncher:
    """A process on this machine, in a session of its own: it survives the driver and hears no Ctrl-C.

    `run_command` gets the run folder as its last argument. It exits with 0 complete, 3 stopped, 1 failed
    (the reason is in the manifest) or 4 (the lock is held by another process).
    """

    def __init__(self, run_command: Sequence[str] = RUN_COMMAND) -> None:
        self._command = tuple(run_command)

    def start(self, run: RunFolder) -> Handle:
        threads = str(run.manifest()["threads"])
        with run.log_path.open("ab") as log:
            return subprocess.Popen(
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
