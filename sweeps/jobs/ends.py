"""How a job ended, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a job is over. ENDED: by itself, its exit code says how. VANISHED: the scheduler knows nothing of it.
    ELSEWHERE: another process, or a newer job, has the run.
    """

    ENDED = "ended"
    KILLED = "killed"
    PREEMPTED = "preempted"
    TIMEOUT = "timeout"
    NODE_FAILURE = "node failure"
    OUT_OF_MEMORY = "out of memory"
    OUT_OF_DISK = "out of disk"
    CANCELLED = "cancelled"
    VANISHED = "vanished"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class End:
    """How a job ended. `detail` says in words what was seen, e.g. "job 17 on gpu2: NODE_FAIL"."""

    cause: Cause
    exit_code: int | None = None
    """Of the program, or minus the number of the signal that killed it; None where nobody knows."""
    detail: str = ""
