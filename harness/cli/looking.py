"""Looking at runs, whoever launched them: where `sweeps` and `slurm` are put together for readers."""

from __future__ import annotations

import os
from collections.abc import Sequence

from harness.runs import Manifest, Record, RunFolder, holder
from slurm.jobs import slurm_jobs
from slurm.starts import FOLDER
from sweeps.jobs.known import JobView, local_jobs
from sweeps.status import CANCELLED, DAMAGED, WAITING, RunStatus, run_status

FILES = (
    "manifest.json",
    "metrics.jsonl",
    "jobs.jsonl",
    "cancelled",
    *(f"{FOLDER}/{name}" for name in ("starts.jsonl", "accounting.json", "queue.json")),
)
"""What a status is read from, besides the lock."""
STILL = (WAITING, CANCELLED, DAMAGED, "created", "stopped", "failed", "complete", "interrupted")
"""States in which nothing changes but by a change of one of the FILES; hours of the others grow by themselves."""


def look(run: RunFolder, manifest: Manifest, records: Sequence[Record], alive: bool, now: float) -> JobView:
    """As `sweeps.jobs.known.Look`, by which launcher the run had."""
    of = slurm_jobs if (run.path / FOLDER).is_dir() else local_jobs
    return of(run, manifest, records, alive, now)


class Watcher:
    """Statuses of runs, with what they cost; a run of which nothing has changed is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, RunStatus]] = {}

    def show(self, run: RunFolder, title: str = "") -> RunStatus:
        """As `sweeps.status.Show`."""
        seen = (title, holder(run.path) is not None, [_stamp(run, name) for name in FILES])
        known = self._known.get(str(run.path))
        if known is not None and known[0] == seen:
            return known[1]
        status = run_status(run, title, look=look)
        if status.state in STILL:
            self._known[str(run.path)] = (seen, status)
        return status


def _stamp(run: RunFolder, name: str) -> tuple[int, int, int] | None:
    try:
        seen = os.stat(run.path / name)
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino
