"""A run's journal of jobs: `RUN/jobs.jsonl`, one line for what the driver did and saw. The driver writes it alone.

    start   before a job is submitted, under a name that no other job has
    known   the scheduler's id of that job
    void    it was not submitted after all
    end     how it ended, and the step that the run had reached
    retry   somebody asked for another try: what was counted before does not count any more

A driver that dies between `start` and `known` leaves a job whose id nobody wrote down; its name finds it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.errors import StudyError
from harness.runs.metrics import cut_unterminated_line
from harness.runs.space import append_whole
from sweeps.jobs.ends import Cause, End

NAME = "jobs.jsonl"


@dataclass(frozen=True)
class JobRecord:
    """A job as the journal knows it: `ended` is None while its end was not seen. Times in Unix seconds."""

    job: str
    started: float
    id: str | None = None
    ended: float | None = None
    end: End | None = None
    step: int = 0
    """Last step that the run had recorded at the job's end."""


class Journal:
    """The jobs of one run, oldest first."""

    def __init__(self, run: Path) -> None:
        self.path = run / NAME

    def start(self, job: str) -> None:
        self._append({"event": "start", "job": job})

    def known(self, job: str, id: str) -> None:
        self._append({"event": "known", "job": job, "id": id})

    def void(self, job: str) -> None:
        self._append({"event": "void", "job": job})

    def end(self, job: str, end: End, step: int) -> None:
        about = {"cause": str(end.cause), "exit_code": end.exit_code, "detail": end.detail}
        self._append({"event": "end", "job": job, **about, "step": step})

    def retry(self) -> None:
        self._append({"event": "retry"})

    def jobs(self) -> list[JobRecord]:
        """Every job, those before a retry included."""
        return [job for part in self._parts() for job in part]

    def since_retry(self) -> list[JobRecord]:
        """The jobs since somebody last asked for another try."""
        return self._parts()[-1]

    def open_job(self) -> JobRecord | None:
        """The newest job, where its end was not seen."""
        jobs = self.jobs()
        return jobs[-1] if jobs and jobs[-1].ended is None else None

    def _parts(self) -> list[list[JobRecord]]:
        parts: list[dict[str, JobRecord]] = [{}]
        for event in self._events():
            if event["event"] == "retry":
                parts.append({})
                continue
            if event["event"] == "void":
                for part in parts:
                    part.pop(event["job"], None)
                continue
            jobs = next((part for part in reversed(parts) if event["job"] in part), parts[-1])
            jobs[event["job"]] = _after(jobs.get(event["job"]), event)
        return [list(part.values()) for part in parts]

    def _events(self) -> list[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        try:
            return [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError as error:
            raise StudyError(
                f"the journal {str(self.path)!r} must hold one JSON object a line",
                str(error),
                "Remove the damaged line; without it a job may be counted as unknown.",
            ) from error

    def _append(self, event: dict[str, Any]) -> None:
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            cut_unterminated_line(handle)
            append_whole(handle, orjson.dumps({**event, "time": time.time()}) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)


def _after(job: JobRecord | None, event: dict[str, Any]) -> JobRecord:
    """The job with one more event taken in."""
    match event["event"]:
        case "start":
            return JobRecord(event["job"], event["time"])
        case "known" if job is not None:
            return JobRecord(job.job, job.started, event["id"], job.ended, job.end, job.step)
        case "end" if job is not None:
            end = End(Cause(event["cause"]), event["exit_code"], event["detail"])
            return JobRecord(job.job, job.started, job.id, event["time"], end, event["step"])
    raise StudyError("a job's journal must begin with its start", repr(event), "Remove the line.")
