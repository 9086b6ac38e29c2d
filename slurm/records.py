"""What Slurm tells of its jobs, as data. Times are Unix seconds; None is what Slurm does not tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """The states and state flags that Slurm writes, in its own words; UNKNOWN is every other text."""

    PENDING = "PENDING"
    CONFIGURING = "CONFIGURING"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"
    RESIZING = "RESIZING"
    SIGNALING = "SIGNALING"
    STAGE_OUT = "STAGE_OUT"
    COMPLETING = "COMPLETING"
    REQUEUED = "REQUEUED"
    """In accounting: an attempt that ended because the job was put back into the queue. In squeue: on its way there."""
    REQUEUE_HOLD = "REQUEUE_HOLD"
    REQUEUE_FED = "REQUEUE_FED"
    RESV_DEL_HOLD = "RESV_DEL_HOLD"
    SPECIAL_EXIT = "SPECIAL_EXIT"
    """In the queue again, held until somebody releases it."""
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"
    DEADLINE = "DEADLINE"
    NODE_FAIL = "NODE_FAIL"
    BOOT_FAIL = "BOOT_FAIL"
    LAUNCH_FAILED = "LAUNCH_FAILED"
    RECONFIG_FAIL = "RECONFIG_FAIL"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    PREEMPTED = "PREEMPTED"
    REVOKED = "REVOKED"
    UNKNOWN = "UNKNOWN"
    """A text that this code does not know: neither over nor alive, and nothing may be concluded from it."""

    @property
    def ended(self) -> bool:
        """Whether this attempt is over. The job may have another one: Slurm requeues after many of these."""
        return self in ENDED

    @property
    def waiting(self) -> bool:
        """Whether the job is in the queue and holds no node."""
        return self in WAITING


ENDED = frozenset(
    {
        JobState.COMPLETED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.TIMEOUT,
        JobState.DEADLINE,
        JobState.NODE_FAIL,
        JobState.BOOT_FAIL,
        JobState.LAUNCH_FAILED,
        JobState.RECONFIG_FAIL,
        JobState.OUT_OF_MEMORY,
        JobState.PREEMPTED,
        JobState.REQUEUED,
        JobState.REVOKED,
    }
)
WAITING = frozenset(
    {
        JobState.PENDING,
        JobState.REQUEUE_HOLD,
        JobState.REQUEUE_FED,
        JobState.RESV_DEL_HOLD,
        JobState.SPECIAL_EXIT,
    }
)


@dataclass(frozen=True)
class QueuedJob:
    """A job that squeue lists: waiting, running, or just ending."""

    job_id: str
    state: JobState
    state_text: str
    """The state in Slurm's words, which matter where `state` is UNKNOWN."""
    reason: str
    """Why it waits, e.g. Priority or Resources; empty where there is no reason."""
    name: str
    node: str
    """Its nodes in Slurm's short form, e.g. gpu[1-2]; empty while it waits."""


@dataclass(frozen=True)
class AccountedJob:
    """One attempt of a job in accounting; a job that was requeued has several.

    Seen on Slurm 22.05: for some seconds a new job is not there, and a requeued one has its ended attempts only. A job
    that is cancelled while a requeue kills it stays REQUEUED. A job that was over and is requeued becomes REQUEUED too,
    with the exit code that it had and an end that is that of the requeue. A preempted job that requeues itself is
    REQUEUED and not PREEMPTED.
    """

    job_id: str
    name: str
    """Not always the job's: Slurm 22.05 was seen to write "allocation" for a job that ended soon."""
    state: JobState
    state_text: str
    exit_code: int
    """sacct takes 128 off a code above 128: a script that exits with 137 has 9 here. `ShownJob` has 137."""
    signal: int
    """The signal that ended it, 0 for none. 125 is no signal: Slurm says so that memory ran out."""
    submitted: float | None
    started: float | None
    """Of a job that was cancelled before it began: None, or when it was cancelled; then `elapsed_s` is 0."""
    ended: float | None
    elapsed_s: int
    nodes: str
    gpus: int | None
    """GPUs on all nodes together; None where Slurm counts none. Of an attempt that has not begun: nothing is said."""


@dataclass(frozen=True)
class ShownJob:
    """A job as the controller knows it, until some minutes after its end."""

    job_id: str
    state: JobState
    state_text: str
    exit_code: int
    signal: int
    restarts: int
    """How often it was put back into the queue; the job has it as SLURM_RESTART_COUNT."""
    node: str
    reason: str
    name: str
    """Up to its first space; our names have none."""


@dataclass(frozen=True)
class Limits:
    """What the cluster allows one user. The last two are the smallest over his associations and their QOS."""

    max_array_size: int | None
    max_job_count: int | None
    """Jobs that the controller keeps, of all users and with those that ended lately."""
    max_jobs: int | None
    """Jobs that may run at once."""
    max_submit_jobs: int | None
    """Jobs that may wait or run at once."""
