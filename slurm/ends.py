"""How a job ended, from what Slurm's commands and the job itself say: one pure function.

    accounting (last restart)      end
    any, and the job itself wrote code 0 at the end of its last start: ended, code 0
    COMPLETED                      ended, code 0
    FAILED, a signal               killed
    FAILED                         by the code that the job itself wrote, else by accounting's:
        4, 6                           elsewhere
        5                              out of disk
        137                            killed: a step of the job was
        140, 143                       stopped by USR2 or TERM, not requeued: timeout near the limit, else preempted
        others                         ended
    CANCELLED                      cancelled
    TIMEOUT, DEADLINE              timeout
    OUT_OF_MEMORY                  out of memory
    NODE_FAIL, BOOT_FAIL           node failure, unless Slurm requeues it: known after the patience
    PREEMPTED, REQUEUED            preempted, unless Slurm requeues it
    PENDING, RUNNING, ... none     accounting lags: what the job wrote, after the patience; else vanished

It is asked only of jobs that are no longer in the queue. Where there is no accounting, `scontrol show job` takes its
place for as long as the controller remembers the job. Accounting takes 128 off a code above it (137 is shown as 9:0).
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TypeGuard

from harness.exits import Exit
from slurm.records import JobState, QueuedJob
from slurm.starts import JobStart
from slurm.watching import SIGNALLED
from sweeps.jobs.ends import Cause, End

KILLED = (signal.SIGKILL, SIGNALLED + signal.SIGKILL)
STOPPED = (signal.SIGUSR2, SIGNALLED + signal.SIGUSR2, signal.SIGTERM, SIGNALLED + signal.SIGTERM)
BY_CODE: dict[int, Cause] = {
    Exit.LOCKED: Cause.ELSEWHERE,
    Exit.NO_SPACE: Cause.OUT_OF_DISK,
    Exit.SUPERSEDED: Cause.ELSEWHERE,
}
FINAL = {
    JobState.CANCELLED: Cause.CANCELLED,
    JobState.TIMEOUT: Cause.TIMEOUT,
    JobState.DEADLINE: Cause.TIMEOUT,
    JobState.OUT_OF_MEMORY: Cause.OUT_OF_MEMORY,
    JobState.REVOKED: Cause.CANCELLED,
}
REQUEUED = {
    JobState.NODE_FAIL: Cause.NODE_FAILURE,
    JobState.BOOT_FAIL: Cause.NODE_FAILURE,
    JobState.LAUNCH_FAILED: Cause.NODE_FAILURE,
    JobState.RECONFIG_FAIL: Cause.NODE_FAILURE,
    JobState.PREEMPTED: Cause.PREEMPTED,
    JobState.REQUEUED: Cause.PREEMPTED,
}
"""States after which Slurm may have put the job into the queue again by itself."""
LAUNCH_FAILED = "launch failed requeued held"
"""A reason of squeue's; scontrol and newer versions write it with underscores."""


@dataclass(frozen=True)
class Seen:
    """What Slurm says of a job that is not in the queue."""

    state: JobState
    exit_code: int
    signal: int
    elapsed_s: float
    node: str


def held_by_slurm(queued: QueuedJob) -> End | None:
    """The end of a job that waits and will never start: Slurm holds it after its node did not launch it.

    Seen where a requeued job met its own former start on the node ("Duplicate jobid"): the node was drained, too.
    Jobs that a person holds are left to him.
    """
    if queued.reason.replace("_", " ") != LAUNCH_FAILED:
        return None
    return End(Cause.NODE_FAILURE, None, f"job {queued.job_id}: {queued.reason}")


def judge(
    id: str, seen: Seen | None, start: JobStart | None, gone_s: float, patience_s: float, limit_s: float
) -> End | None:
    """The end of job `id`; None where it is too early to say.

    Args:
        seen: the last restart of the job in accounting, or in the controller.
        start: what the job wrote about its last start.
        gone_s: seconds since it was first missing in the queue.
        limit_s: of its walltime, minus the time at which it is asked to stop.
    """
    if complete(start):
        return End(Cause.ENDED, 0, f"job {id} on {start.node}: its own exit code 0")
    what = f"job {id}" + (f" on {seen.node}" if seen is not None and seen.node else "")
    if seen is not None:
        said = f"{what}: {seen.state}, exit code {seen.exit_code}:{seen.signal}"
        if seen.state is JobState.COMPLETED:
            return End(Cause.ENDED, 0, said)
        if seen.state is JobState.FAILED:
            own = start.code if start is not None else None
            return _failed(seen, seen.exit_code if own is None else own, said, limit_s)
        if seen.state in FINAL:
            return End(FINAL[seen.state], None, said)
        if gone_s < patience_s:
            return None
        if seen.state in REQUEUED:
            return End(REQUEUED[seen.state], None, said)
    elif gone_s < patience_s:
        return None
    if start is not None and start.code is not None:
        written = Seen(JobState.FAILED, start.code, 0, 0.0, start.node)
        return _failed(written, start.code, f"{what}: its own exit code {start.code}", limit_s)
    return End(Cause.VANISHED, None, f"{what}: neither in the queue nor, at its end, in accounting")


def complete(start: JobStart | None) -> TypeGuard[JobStart]:
    """Whether the job itself wrote that its run is complete. Accounting can add nothing, and takes 0.2 s and more."""
    return start is not None and start.code == 0


def _failed(seen: Seen, code: int, said: str, limit_s: float) -> End:
    if seen.signal or code in KILLED:
        return End(Cause.KILLED, -(seen.signal or signal.SIGKILL), said)
    if code in BY_CODE:
        return End(BY_CODE[code], code, said)
    if code in STOPPED:
        return End(Cause.TIMEOUT if seen.elapsed_s >= limit_s else Cause.PREEMPTED, code, said)
    if code == Exit.NO_ENVIRONMENT:
        said += ", since a module or a setup line failed: see the job's own log"
    return End(Cause.ENDED, code, said)
