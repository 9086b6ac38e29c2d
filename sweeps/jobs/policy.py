"""How often a run is started again, and how soon: a count of ends without progress for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweeps.jobs.ends import Cause
from sweeps.jobs.journal import JobRecord

DOUBLINGS = 64
"""By so many any wait has reached its maximum; 2.0**1024 overflows."""


@dataclass(frozen=True)
class Policy:
    """What is allowed between two steps forward.

    A run whose job ended is started again while its ends of that cause since it last came further, this one
    included, are at most `restarts[cause]`, and those of all causes at most `stalled`.
    """

    restarts: Mapping[Cause, int] = field(default_factory=lambda: {Cause.KILLED: 1, Cause.ELSEWHERE: 5})
    """Cause -> restarts; 0 for a cause that is not there."""
    stalled: int = 5
    backoff_s: float = 0.0
    """Wait after an end without progress; doubled after each further one."""
    backoff_max_s: float = 0.0

    def allows(self, strikes: Strikes) -> bool:
        """Whether the run may be started once more."""
        return strikes.of_cause <= self.restarts.get(strikes.cause, 0) and strikes.in_all <= self.stalled

    def wait_s(self, strikes: Strikes) -> float:
        """Seconds to wait after the end; 0 after one that had come further."""
        again = strikes.in_all - 1
        return min(self.backoff_s * 2.0 ** min(again - 1, DOUBLINGS), self.backoff_max_s) if again > 0 else 0.0


@dataclass(frozen=True)
class Strikes:
    """Ends since the run last came further, the one that did included: those of the last cause, and all."""

    cause: Cause
    of_cause: int
    in_all: int


def strikes(jobs: Iterable[JobRecord]) -> Strikes | None:
    """The count after the last of these jobs; None where none has ended."""
    best, streak = -1, list[Cause]()
    for job in jobs:
        if job.end is not None:
            streak = [*streak, job.end.cause] if job.step <= best else [job.end.cause]
            best = max(best, job.step)
    return Strikes(streak[-1], streak.count(streak[-1]), len(streak)) if streak else None
