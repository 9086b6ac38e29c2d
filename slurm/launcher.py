"""`launcher=slurm`: the runs of a study as jobs, found again by every driver."""

from __future__ import annotations

import getpass
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.config.resources import ResourcesConfig
from harness.errors import BusyError, SchedulerError
from harness.runs import RunFolder
from slurm import accounting
from slurm.cancelling import cancel_jobs
from slurm.commands import Commands, SlurmCommands
from slurm.ends import complete, held_by_slurm, judge
from slurm.executor import DoubtfulError, submit
from slurm.job import RunJob
from slurm.records import AccountedJob, Limits, QueuedJob
from slurm.sight import by_name, look
from slurm.starts import FOLDER, Starts
from slurm.text import JobText
from sweeps.jobs.ends import End
from sweeps.jobs.journal import Journal
from sweeps.jobs.launcher import THREAD_VARIABLES

PATIENCE_S = 60.0
"""How long Slurm's accounting, or a requeue of a failed node's job, may lag behind the queue."""
CLOSING_S = 10.0
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
NAME_CHARACTERS = 40


class Submit(Protocol):
    """`slurm.executor.submit`."""

    def __call__(self, text: JobText, job: RunJob) -> str: ...


@dataclass
class SlurmHandle:
    """A submitted job."""

    job: str
    """Its name, the journal's."""
    id: str
    run: Path
    launcher: SlurmLauncher
    submitted: float
    """Monotonic seconds."""
    gone: float | None = None
    """Monotonic seconds at which it was first missing in the queue; None while it is there."""
    end: End | None = None
    """How it ended, once that was seen: whoever could not write it down asks again."""
    noted: tuple[str, ...] = ()
    """What its run's folder says of its place in the queue."""

    def poll(self) -> End | None:
        if self.end is None:
            self.end = self.launcher.end_of(self)
        return self.end


@dataclass
class SlurmLauncher:
    """Submits one job for each run. What it knows is in the journals; its memory is only the jobs being followed."""

    resources: ResourcesConfig
    study: str
    snapshot: Path
    stalled: int = 5
    """Starts of a job in a row without progress after which it does not start the run again."""
    max_jobs: int | None = None
    commands: Commands = field(default_factory=SlurmCommands)
    submit: Submit = submit
    patience_s: float = PATIENCE_S
    clock: Callable[[], float] = time.monotonic
    python: str = sys.executable
    command: tuple[str, ...] | None = None
    """Instead of `harness.execute`, for tests."""

    detached = True

    def __post_init__(self) -> None:
        self.note: str | None = None
        self._user = getpass.getuser()
        self._open: dict[str, SlurmHandle] = {}  # by name: Slurm uses ids again, a crashed controller at once
        self._queue: dict[str, QueuedJob] | None = None
        self._looked = -1.0
        self._ended: dict[str, list[AccountedJob]] = {}
        self._unaccounted: dict[str, SlurmHandle] = {}
        self._held: dict[str, SlurmHandle] = {}  # cancelled because Slurm holds them, and perhaps still in the queue
        self._limits: Limits | None = None

    def start(self, run: RunFolder) -> SlurmHandle:
        """Submits a job, unless one that an earlier try may have left is found."""
        journal = Journal(run.path)
        if (found := self.find(run)) is not None:
            return found
        name = job_name(self.study, run.path.name)
        journal.start(name)
        try:
            id = self.submit(
                self.text(run.path, name, run.manifest()["threads"]),
                RunJob(str(run.path.resolve()), name, self.stalled, self.command),
            )
        except DoubtfulError:
            raise  # its name stays in the journal, and finds it
        except SchedulerError:
            journal.void(name)
            raise
        journal.known(name, id)
        accounting.note_submitted(run.path, id, name, self._gpus)
        return self._follow(name, id, run.path)

    def cancel(self, runs: Sequence[RunFolder], now: bool = False) -> list[str]:
        """By the queue as of the last refresh."""
        return cancel_jobs(self.commands, (self._queue or {}).values(), runs, now)

    def text(self, run: Path, name: str, threads: int) -> JobText:
        """What sbatch is given for the run; `threads` are those of its configuration."""
        folder, code = str(run.resolve() / FOLDER), str(self.snapshot.resolve())
        exports = {**dict.fromkeys(THREAD_VARIABLES, str(threads)), "TOKENIZERS_PARALLELISM": "false"}
        return JobText(name, self.resources, folder, code, self.python, exports)

    def find(self, run: RunFolder) -> SlurmHandle | None:
        """The newest job of the run whose end is not in its journal; by its name where its id is not known."""
        record = Journal(run.path).open_job()
        if record is None:
            return None
        if record.id is not None:
            return self._follow(record.job, record.id, run.path)
        start = Starts(run.path).last(record.job)
        id = start.id if start is not None else self._queued_as(record.job)
        if id is None:
            Journal(run.path).void(record.job)
            return None
        if start is None and not (run.path / FOLDER / f"{id}_submitted.pkl").exists():
            # Its driver died before it could hand the job what it shall do.
            with _busy():
                self.commands.cancel([id])
            Journal(run.path).void(record.job)
            return None
        Journal(run.path).known(record.job, id)
        return self._follow(record.job, id, run.path)

    def refresh(self) -> None:
        """One squeue for all jobs, and one sacct for those that left it without writing that they are complete."""
        asked = self.clock()
        try:
            self._queue = {job.job_id: job for job in self.commands.squeue(self._user)}
            self.note = None
        except SchedulerError as error:
            self._queue, self.note = None, f"Slurm does not answer, so every job counts as alive: {error}"
            return
        self._looked = asked
        gone = [job for job in self._open.values() if self._queued(job) is None and job.submitted < asked]
        for job in self._open.values():
            job.gone = (job.gone or asked) if job in gone else None
            self._note(job)
        unclear = [job for job in gone if not complete(Starts(job.run).last(job.job))]
        asked_for = [*unclear, *self._unaccounted.values()]
        self._ended = self._accounted(asked_for) if asked_for else {}
        self._account_late()
        self._cancel_again()

    def room(self) -> int | None:
        """By `max_jobs`, and by what Slurm allows the user to have in the queue, jobs of other studies included."""
        if self._queue is None:
            return 0
        if self._limits is None:
            try:
                self._limits = self.commands.limits()
            except SchedulerError:
                self._limits = Limits(None, None, None, None)  # it will say no by itself
        own = None if self.max_jobs is None else self.max_jobs - len(self._open)
        allowed = self._limits.max_submit_jobs
        most = None if allowed is None else allowed - len(self._queue)
        given = [room for room in (own, most) if room is not None]
        return max(0, min(given)) if given else None

    def end_of(self, job: SlurmHandle) -> End | None:
        """The job's end as of the last refresh; None while it is in the queue or nobody can say."""
        if self._queue is None:
            return None
        if job.gone is None:
            return self._cancelled_if_held(job)
        start = Starts(job.run).last(job.job)
        seen = look(self.commands, job.job, job.id, self._ended.get(job.job, [])) if not complete(start) else None
        limit_s = 60.0 * self.resources.walltime_min - 2.0 * self.resources.signal_before_end_s
        end = judge(job.id, seen, start, self._looked - job.gone, self.patience_s, limit_s)
        if end is not None:
            del self._open[job.job]
            self._unaccounted[job.job] = job
        return end

    def close(self) -> None:
        """Waits for what accounting has not yet told of jobs that have ended, and for held ones to leave the queue."""
        deadline = time.monotonic() + self.patience_s
        while self._held and time.monotonic() < deadline:
            self.refresh()
            if self._held:
                time.sleep(1.0)
        deadline = time.monotonic() + min(CLOSING_S, self.patience_s)
        while self._unaccounted and time.monotonic() < deadline:
            self._ended = self._accounted(list(self._unaccounted.values()))
            self._account_late()
            if self._unaccounted:
                time.sleep(1.0)

    def _account_late(self) -> None:
        """Enters the hours of jobs that have ended: accounting lags, and the run's next job need not wait for it."""
        for job in list(self._unaccounted.values()):
            rows = self._ended.get(job.job, [])
            known = bool(rows) and rows[-1].state.ended
            if known or self._looked - (job.gone or self._looked) >= self.patience_s:
                accounting.note_ended(job.run, job.id, job.job, self._gpus, rows)
                del self._unaccounted[job.job]

    def _queued(self, job: SlurmHandle) -> QueuedJob | None:
        """The job in the queue, as of the last refresh."""
        queued = (self._queue or {}).get(job.id)
        return queued if queued is not None and queued.name == job.job else None

    def _cancelled_if_held(self, job: SlurmHandle) -> End | None:
        """The end of a job that Slurm holds for ever, which is cancelled."""
        queued = self._queued(job)
        end = held_by_slurm(queued) if queued is not None else None
        if end is None:
            return None
        try:
            self.commands.cancel([job.id])
        except SchedulerError:
            return None  # the next look tries it again
        job.gone = self._looked
        del self._open[job.job]
        self._unaccounted[job.job] = self._held[job.job] = job
        return end

    def _cancel_again(self) -> None:
        """One that is cancelled while its node still cleans up comes back, held once more: until it is gone."""
        self._held = {name: job for name, job in self._held.items() if self._queued(job) is not None}
        if self._held:
            with suppress(SchedulerError):
                self.commands.cancel([job.id for job in self._held.values()])

    @property
    def _gpus(self) -> int:
        return self.resources.nodes * self.resources.gpus_per_node

    def _note(self, job: SlurmHandle) -> None:
        """Writes its place in the queue into the run's folder, where that has changed."""
        seen = self._queued(job)
        if seen is not None and job.noted != (about := (seen.state_text, seen.reason, seen.node)):
            accounting.note_queued(job.run, seen)
            job.noted = about

    def _follow(self, name: str, id: str, run: Path) -> SlurmHandle:
        handle = SlurmHandle(name, id, run, self, self.clock())
        self._open[name] = handle
        return handle

    def _queued_as(self, name: str) -> str | None:
        """Raises BusyError where Slurm does not say."""
        with _busy():
            return next((job.job_id for job in self.commands.squeue(self._user) if job.name == name), None)

    def _accounted(self, gone: Sequence[SlurmHandle]) -> dict[str, list[AccountedJob]]:
        """Name -> the restarts of that job in accounting, oldest first; {} without accounting, which is noted."""
        try:
            rows = self.commands.accounting(sorted({job.id for job in gone}))
        except SchedulerError as error:
            self.note = f"no accounting: {error}"
            return {}
        return by_name(rows, {job.job: job.id for job in gone})


@contextmanager
def _busy() -> Iterator[None]:
    """What Slurm does not answer now, it may answer later: a BusyError."""
    try:
        yield
    except SchedulerError as error:
        raise BusyError(error.rule, error.value, error.remedy) from error


def job_name(study: str, run: str) -> str:
    """`ec-<study>-<run>-<8 hex digits>`: no other job has it."""
    return (
        f"ec-{UNSAFE.sub('_', study)[:NAME_CHARACTERS]}-{UNSAFE.sub('_', run)[:NAME_CHARACTERS]}-{secrets.token_hex(4)}"
    )
