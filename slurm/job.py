"""The job of a run: it executes the run of a folder, and asks it for a checkpoint when Slurm wants the machine."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

from harness.exits import Exit
from harness.runs import RunFolder
from harness.runs.space import no_space
from slurm.watching import WatchingJob, say
from sweeps.jobs.journal import Journal
from sweeps.jobs.launcher import RUN_COMMAND

ASKER = "job"
"""Whose stop request it is: the job withdraws it when it starts again."""
LOCK_PATIENCE_S = 60.0
"""A killed job's run may be writing its last checkpoint."""


class RunJob(WatchingJob):
    """Executes the run of a folder as the job `name`."""

    def __init__(self, run: str, name: str, stalled: int, command: tuple[str, ...] | None = None) -> None:
        """`stalled`: starts in a row without progress after which the job does not start the run again."""
        super().__init__(run, name, unfinished=(Exit.STOPPED,))
        self.stalled, self.command = stalled, command

    def __call__(self) -> None:
        try:
            self._work(RunFolder(self.folder))
        except Exception as error:
            if not no_space(error, Path(self.folder)):
                raise
            say(f"job {self.name} ends: {error}")
            self.leave(Exit.NO_SPACE)

    def ask_to_end(self) -> None:
        """The run's process sees the request after its step. An earlier request of somebody else stays his."""
        folder = RunFolder(self.folder)
        if folder.stop_asker() is None and not folder.is_done():
            with suppress(OSError):  # a full disk: then it is killed instead
                folder.request_stop(ASKER)

    def _work(self, folder: RunFolder) -> None:
        jobs = Journal(folder.path).jobs()
        if jobs and jobs[-1].job != self.name:
            say(f"job {self.name} does nothing: the run has a newer job, {jobs[-1].job}")
            sys.exit(Exit.SUPERSEDED)
        self.hear_term()
        if folder.stop_asker() == ASKER:
            folder.clear_stop()
        if folder.cancelled() is not None:
            say(f"job {self.name} does nothing: the run is cancelled {folder.cancelled()}")
            sys.exit(Exit.STOPPED)
        last = folder.last_record()
        self.begin(last["step"] if last is not None else 0)
        if (idle := self.starts.idle()) > self.stalled:
            say(f"job {self.name} does nothing: {idle} starts in a row without progress")
            self.leave(Exit.CRASH_LOOP)
        self.leave(self._execute(folder))

    def _execute(self, folder: RunFolder) -> int:
        """The exit code of the run's process, started again for a while where another one holds the run's lock."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            code = self.run([*(self.command or RUN_COMMAND), str(folder.path.resolve())], folder.log_path)
            if code != Exit.LOCKED or time.monotonic() > deadline or self.signalled:
                return code
            time.sleep(1.0)
