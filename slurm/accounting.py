"""`RUN/slurm/accounting.json` and `queue.json`: what Slurm said of a run's jobs, for readers without Slurm's commands.

The driver's launcher writes them. In the first it enters a job when it is submitted, and when it ends what accounting
says of each of its starts; the second is what the queue says of the newest job, as of the last change.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from slurm.records import AccountedJob, QueuedJob
from slurm.starts import FOLDER

ACCOUNTING, QUEUE = "accounting.json", "queue.json"
SCHEMA = 1
UNREADABLE = (KeyError, TypeError, ValueError)
"""What an entry raises that another version, or a careless hand, wrote: it is left out, and the job estimated."""


@dataclass(frozen=True)
class Row:
    """One start of a job in accounting, Unix seconds. `started` is None where it was cancelled before it began."""

    state: str
    submitted: float | None
    started: float | None
    ended: float | None
    nodes: str
    gpus: int | None
    """None where accounting counts none, as where a cluster does not track GPUs."""


@dataclass(frozen=True)
class Job:
    """A job: what it asked for and, once it has ended, its starts. `rows` is empty without accounting."""

    id: str
    name: str
    gpus: int
    submitted: float
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Queued:
    """The newest job as the queue had it. `reason` is why it waits, in Slurm's word, "" while it runs."""

    id: str
    name: str
    waiting: bool
    state: str
    reason: str
    node: str
    time: float


def note_submitted(run: Path, id: str, name: str, gpus: int) -> None:
    """Enters a new job."""
    _write(run, ACCOUNTING, [*(job for job in jobs(run) if job.name != name), Job(id, name, gpus, time.time())])


def note_ended(run: Path, id: str, name: str, gpus: int, found: Sequence[AccountedJob]) -> None:
    """Enters what accounting says of a job that has ended; a job of an older driver was not entered before."""
    known = next((job for job in jobs(run) if job.name == name), None)
    submitted = [row.submitted for row in found if row.submitted is not None]
    begun = known.submitted if known is not None else min(submitted, default=time.time())
    rows = tuple(Row(str(row.state), row.submitted, row.started, row.ended, row.nodes, row.gpus) for row in found)
    others = [job for job in jobs(run) if job.name != name]
    ended = Job(id, name, known.gpus if known is not None else gpus, begun, rows)
    # Accounting may tell of it only when the next job has been submitted.
    every: list[Job] = sorted([*others, ended], key=lambda job: job.submitted)
    _write(run, ACCOUNTING, every)


def note_queued(run: Path, job: QueuedJob) -> None:
    """Enters how the queue has the newest job."""
    reason = job.reason if job.state.waiting else ""
    state = Queued(job.job_id, job.name, job.state.waiting, job.state_text, reason, job.node, time.time())
    _write(run, QUEUE, [state])


def jobs(run: Path) -> list[Job]:
    """The jobs of the run, oldest first; [] where nothing readable is there."""
    found = []
    for each in _read(run, ACCOUNTING):
        with suppress(*UNREADABLE):
            found.append(_job(each))
    return found


def queued(run: Path) -> Queued | None:
    """The newest job as the queue last had it, where the folder knows it."""
    for each in _read(run, QUEUE):
        with suppress(*UNREADABLE):
            return Queued(**each)
    return None


def _job(each: dict[str, Any]) -> Job:
    rows = tuple(Row(**row) for row in each["rows"])
    times = [time for row in rows for time in (row.submitted, row.started, row.ended, row.gpus) if time is not None]
    if not all(type(number) in (int, float) for number in (*times, each["gpus"], each["submitted"])):
        raise ValueError("times and GPUs are numbers")
    return Job(**{**each, "rows": rows})


def _read(run: Path, name: str) -> list[Any]:
    try:
        content = orjson.loads((run / FOLDER / name).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return content["jobs"] if isinstance(content, dict) and isinstance(content.get("jobs"), list) else []


def _write(run: Path, name: str, jobs: Sequence[Job | Queued]) -> None:
    """Replaces the file. A cache: it need not survive a crash of the machine, and a full disk stops no driver."""
    path = run / FOLDER / name
    temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        temporary.write_bytes(orjson.dumps({"schema": SCHEMA, "jobs": [asdict(job) for job in jobs]}) + b"\n")
        temporary.replace(path)
