"""How a job ended, from what Slurm's commands and the job itself say: one pure function.

    accounting (last restart)      end
    COMPLETED                      ended, code 0
    FAILED, a signal               killed
    FAILED, code 4, 6              elsewhere
    FAILED, code 5                 out of disk
    FAILED, code 137               killed: a step of the job was
    FAILED, code 128 + n           stopped by signal n, not requeued: timeout near the limit, else preempted
    FAILED, other codes            ended
    CANCELLED                      cancelled
    TIMEOUT, DEADLINE              timeout
    OUT_OF_MEMORY                  out of memory
    NODE_FAIL, BOOT_FAIL           node failure, unless Slurm requeues it: known after the patience
    PREEMPTED, REQUEUED            preempted, unless Slurm requeues it
    PENDING, RUNNING, ... none     accounting lags: what the job wrote, after the patience; else vanished

It is asked only of jobs that are no longer in the queue. Where there is no accounting, `scontrol show job` takes its
place for as long as the controller remembers the job.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from slurm.records import JobState
from slurm.starts import JobStart
from sweeps.ends import Cause, End

SIGNALLED = 128
BY_CODE = {4: Cause.ELSEWHERE, 5: Cause.OUT_OF_DISK, 6: Cause.ELSEWHERE}
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


@dataclass(frozen=True)
class Seen:
    """What Slurm says of a job that is not in the queue."""

    state: JobState
    exit_code: int
    signal: int
    elapsed_s: float
    node: str


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
    what = f"job {id}" + (f" on {seen.node}" if seen is not None and seen.node else "")
    if seen is not None:
        said = f"{what}: {seen.state}, exit code {seen.exit_code}:{seen.signal}"
        if seen.state is JobState.COMPLETED:
            return End(Cause.ENDED, 0, said)
        if seen.state is JobState.FAILED:
            return _failed(seen, said, limit_s)
        if seen.state in FINAL:
            return End(FINAL[seen.state], None, said)
        if gone_s < patience_s:
            return None
        if seen.state in REQUEUED:
            return End(REQUEUED[seen.state], None, said)
    elif gone_s < patience_s:
        return None
    if start is not None and start.code is not None:
        return _failed(
            Seen(JobState.FAILED, start.code, 0, 0.0, start.node), f"{what}: its own exit code {start.code}", limit_s
        )
    return End(Cause.VANISHED, None, f"{what}: neither in the queue nor, at its end, in accounting")


def _failed(seen: Seen, said: str, limit_s: float) -> End:
    code = seen.exit_code
    if seen.signal or code == SIGNALLED + signal.SIGKILL:
        return End(Cause.KILLED, -(seen.signal or signal.SIGKILL), said)
    if code in BY_CODE:
        return End(BY_CODE[code], code, said)
    if SIGNALLED < code < SIGNALLED + signal.NSIG:
        return End(Cause.TIMEOUT if seen.elapsed_s >= limit_s else Cause.PREEMPTED, code, said)
    return End(Cause.ENDED, code, said)
