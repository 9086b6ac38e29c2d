"""What is known of a run's jobs: the part of its status that depends on the launcher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.runs import Manifest, Record, RunFolder
from sweeps.jobs.gpu_hours import Allocation


@dataclass(frozen=True)
class JobView:
    """The newest job of a run, and what was allocated for all of them."""

    id: str | None = None
    """The scheduler's id."""
    node: str | None = None
    """Where it runs, or ran last."""
    waiting: bool = False
    """Whether it is in the queue and has no node."""
    why: str = ""
    """Why it waits, in the scheduler's word; "" where nobody noted that."""
    alive: bool = False
    """Whether it is known to run; a run's lock may be invisible from here."""
    allocations: tuple[Allocation, ...] = ()


Look = Callable[[RunFolder, Manifest, Sequence[Record], bool, float], JobView]
"""(run, manifest, outline of its records, whether its lock is held, now in Unix seconds) -> its jobs."""


def local_jobs(run: RunFolder, manifest: Manifest, records: Sequence[Record], alive: bool, now: float) -> JobView:
    """Of a run whose processes no scheduler started: an allocation for each attempt, from its own words.

    So it begins with the attempt and not with the process, and one that was killed ends with its last record.
    """
    attempts = manifest["attempts"]
    last_seen = {record["attempt"]: record["time"] for record in records}
    allocations = []
    for attempt in attempts:
        start = datetime.fromisoformat(attempt["started"]).timestamp()
        end = max(start, last_seen.get(attempt["attempt"], start))
        if attempt["ended"] is not None:
            end = max(end, datetime.fromisoformat(attempt["ended"]).timestamp())  # that is in whole seconds
        goes_on = alive and attempt is attempts[-1] and attempt["ended"] is None
        allocations.append(Allocation(start, None if goes_on else end, _gpus(manifest), estimated=True))
    return JobView(node=attempts[-1]["host"] if attempts else None, allocations=tuple(allocations))


def _gpus(manifest: Manifest) -> int:
    """GPUs of the machine that the run uses: those of its platform on verl, else one where its device is no CPU."""
    config = manifest["config"]
    if config.get("backend") == "verl":
        platform = config["platform"]
        return int(platform["gpus"]) if platform["name"] == "gpu" else 0
    return 0 if manifest["device"] == "cpu" else 1
