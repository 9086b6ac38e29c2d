"""`RUN/slurm/starts.jsonl`: what the jobs of a run wrote about themselves, one line a beginning and one an end.

The job is its one writer (the driver writes `RUN/jobs.jsonl`), and a run has one job at a time.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.runs.metrics import cut_unterminated_line
from harness.runs.space import append_whole

FOLDER = "slurm"
NAME = "starts.jsonl"


@dataclass(frozen=True)
class JobStart:
    """One start of a job: a job that Slurm requeues starts again under its id, with one more restart."""

    job: str
    """Its name, which the journal has, too."""
    id: str
    restart: int
    node: str
    time: float
    """Unix seconds."""
    step: int
    """Last step that the run had recorded when the job began."""
    code: int | None = None
    """With what the run's process ended; None where the job was killed before it could write that."""
    ended: float | None = None
    """When it wrote that, Unix seconds."""


class Starts:
    """The starts of a run's jobs, oldest first."""

    def __init__(self, run: Path) -> None:
        self.path = run / FOLDER / NAME

    def begin(self, start: JobStart) -> None:
        about = {"job": start.job, "id": start.id, "restart": start.restart, "node": start.node, "time": start.time}
        self._append({"event": "begin", **about, "step": start.step})

    def end(self, code: int) -> None:
        """Of the start that was begun last."""
        self._append({"event": "end", "code": code, "time": time.time()})

    def all(self) -> list[JobStart]:
        """Every start; a line that was not written whole (a full disk, a kill) is left out."""
        starts: list[JobStart] = []
        for event in self._events():
            if event.pop("event") == "begin":
                starts.append(JobStart(**event))
            elif starts:
                starts[-1] = JobStart(**{**vars(starts[-1]), "code": event["code"], "ended": event.get("time")})
        return starts

    def last(self, job: str) -> JobStart | None:
        """The last start of the job of this name."""
        return next((start for start in reversed(self.all()) if start.job == job), None)

    def idle(self) -> int:
        """Starts in a row, the last ones, at which the run had come no further than at the one before."""
        steps = [start.step for start in self.all()]
        best, count = -1, 0
        for step in steps:
            best, count = (step, 0) if step > best else (best, count + 1)
        return count

    def _events(self) -> list[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        events = []
        for line in content[: content.rfind(b"\n") + 1].splitlines():
            try:
                events.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
        return events

    def _append(self, event: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            cut_unterminated_line(handle)
            append_whole(handle, orjson.dumps(event) + b"\n")
        finally:
            os.close(handle)
