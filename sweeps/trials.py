"""A trial as the sweep sees it, whatever the store behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class TrialState(StrEnum):
    """WAITING: enqueued. RUNNING: asked for and not yet told, whether or not a process is at work."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class Trial:
    """A point of the study. A retry is a new trial (`number`) with the runs of the first one (`origin`)."""

    number: int
    origin: int
    state: TrialState
    title: str
    overrides: tuple[str, ...]
    value: float | None = None
    """Mean of the objective over the seeds; None until it is told."""
    values: dict[int, float] = field(default_factory=dict)
    """The objective of each seed."""
    reason: str | None = None
    attempts: dict[int, int] = field(default_factory=dict)
    """Of a retry: the attempts that the run of each seed had when it was enqueued."""

    @property
    def name(self) -> str:
        """`t0003`, the same for all retries."""
        return f"t{self.origin:04d}"

    def run_name(self, seed: int) -> str:
        """`t0003-s1`, the name of a run's folder."""
        return f"{self.name}-s{seed}"


def latest(trials: Iterable[Trial]) -> list[Trial]:
    """The last retry of each trial, ordered by name."""
    newest = {trial.origin: trial for trial in sorted(trials, key=lambda trial: trial.number)}
    return [newest[origin] for origin in sorted(newest)]
