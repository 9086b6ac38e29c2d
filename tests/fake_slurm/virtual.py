"""Slurm in memory with a clock of its own, for ten thousand jobs in a moment."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import SchedulerError
from slurm.records import AccountedJob, JobState, Limits, QueuedJob, ShownJob


@dataclass
class _Job:
    job_id: str
    name: str
    run_s: float
    exit_code: int
    state: JobState = JobState.PENDING
    submitted: float = 0.0
    started: float | None = None
    ended: float | None = None
    restarts: int = 0
    slot: int | None = None
    past: list[AccountedJob] = field(default_factory=list)


class VirtualSlurm:
    """Keeps `slurm.commands.Commands`. Jobs are times, not processes; `slots` of them run at once, in order of ids.

    Time goes on in `tick` only. `calls` counts the questions by command, as a real cluster would have to answer them.
    """

    def __init__(
        self, slots: int, user: str = "somebody", now: float = 1_700_000_000.0, max_jobs: int = 100_000
    ) -> None:
        self.now = now
        self.calls: dict[str, int] = {}
        self._user, self._max_jobs = user, max_jobs
        self._free = list(range(slots))
        self._last_id = 0
        self._jobs: dict[str, _Job] = {}
        self._queue: dict[str, QueuedJob] = {}  # made at changes, not at questions: polls are many
        self._waiting: list[int] = []
        self._ends: list[tuple[float, int, int]] = []  # when, id, restarts: an end of an earlier start counts no more

    def submit(self, name: str, run_s: float, exit_code: int = 0) -> str:
        """A job that would run for `run_s` seconds. Raises SchedulerError beyond `max_jobs` that wait or run."""
        self._count("sbatch")
        if len(self._queue) >= self._max_jobs:
            raise SchedulerError("sbatch must succeed", "QOSMaxSubmitJobPerUserLimit")
        self._last_id += 1
        job = _Job(str(self._last_id), name, run_s, exit_code, submitted=self.now)
        self._jobs[job.job_id] = job
        self._show(job)
        heapq.heappush(self._waiting, int(job.job_id))
        self._fill()
        return job.job_id

    def tick(self, seconds: float) -> None:
        """Lets time go on: jobs end when their time is up, and the next ones start in that moment."""
        until = self.now + seconds
        while self._ends and self._ends[0][0] <= until:
            ends, number, restarts = heapq.heappop(self._ends)
            job = self._jobs.get(str(number))
            if job is not None and job.state is JobState.RUNNING and job.restarts == restarts:
                self.now = ends
                self._end(job, JobState.FAILED if job.exit_code else JobState.COMPLETED)
        self.now = until

    def fail_node(self, job_id: str) -> None:
        """The node of a running job is lost; Slurm requeues the job."""
        self._again(self._jobs[job_id], JobState.NODE_FAIL)

    def preempt(self, job_id: str) -> None:
        self._again(self._jobs[job_id], JobState.PREEMPTED)

    def forget(self, job_id: str) -> None:
        """The job vanishes from the controller and from accounting."""
        job = self._jobs.pop(job_id)
        if job_id in self._queue:
            self._end(job, JobState.CANCELLED)

    def squeue(self, user: str) -> list[QueuedJob]:
        self._count("squeue")
        return list(self._queue.values()) if user == self._user else []

    def accounting(self, job_ids: Sequence[str]) -> list[AccountedJob]:
        self._count("sacct")
        jobs = [self._jobs[job_id] for job_id in job_ids if job_id in self._jobs]
        return [row for job in jobs for row in (*job.past, self._row(job))]

    def show_job(self, job_id: str) -> ShownJob | None:
        self._count("scontrol")
        job = self._jobs.get(job_id)
        if job is None:
            return None
        code = job.exit_code if job.state is JobState.FAILED else 0
        return ShownJob(job_id, job.state, job.state, code, 0, job.restarts, _node(job), _reason(job), job.name)

    def cancel(self, job_ids: Sequence[str]) -> None:
        self._count("scancel")
        for job_id in job_ids:
            if job_id in self._queue:
                self._end(self._jobs[job_id], JobState.CANCELLED)

    def requeue(self, job_id: str) -> None:
        self._count("scontrol")
        job = self._jobs.get(job_id)
        if job is None or job.state is JobState.PENDING:
            raise SchedulerError("scontrol requeue must succeed", f"job {job_id} does not run")
        self._again(job, JobState.REQUEUED)

    def limits(self) -> Limits:
        self._count("scontrol")
        return Limits(1001, 10000, None, self._max_jobs)

    def _count(self, command: str) -> None:
        self.calls[command] = self.calls.get(command, 0) + 1

    def _fill(self) -> None:
        while self._free and self._waiting:
            job = self._jobs.get(str(heapq.heappop(self._waiting)))
            if job is not None and job.state is JobState.PENDING:
                job.state, job.started, job.slot = JobState.RUNNING, self.now, heapq.heappop(self._free)
                self._show(job)
                heapq.heappush(self._ends, (self.now + job.run_s, int(job.job_id), job.restarts))

    def _show(self, job: _Job) -> None:
        self._queue[job.job_id] = QueuedJob(job.job_id, job.state, job.state, _reason(job), job.name, _node(job))

    def _leave(self, job: _Job) -> None:
        if job.state is JobState.RUNNING and job.slot is not None:
            heapq.heappush(self._free, job.slot)

    def _end(self, job: _Job, state: JobState) -> None:
        self._leave(job)
        job.state, job.ended = state, self.now
        del self._queue[job.job_id]
        self._fill()

    def _again(self, job: _Job, state: JobState) -> None:
        text = str(state)
        job.past.append(replace(self._row(job), state=state, state_text=text, ended=self.now, exit_code=0))
        self._leave(job)
        job.state, job.submitted, job.started, job.ended, job.slot = JobState.PENDING, self.now, None, None, None
        job.restarts += 1
        self._show(job)
        heapq.heappush(self._waiting, int(job.job_id))
        self._fill()

    def _row(self, job: _Job) -> AccountedJob:
        code = job.exit_code if job.state is JobState.FAILED else 0
        ran = 0.0 if job.started is None else (job.ended or self.now) - job.started
        times = (job.submitted, job.started, job.ended)
        text = "CANCELLED by 0" if job.state is JobState.CANCELLED else str(job.state)
        return AccountedJob(job.job_id, job.name, job.state, text, code, 0, *times, int(ran), _node(job), 1)


def _node(job: _Job) -> str:
    return "" if job.slot is None else f"virtual{job.slot + 1}"


def _reason(job: _Job) -> str:
    return "Resources" if job.state is JobState.PENDING else ""
