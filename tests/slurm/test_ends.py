"""How a job ended, row by row of the table."""

import pytest

from slurm.ends import Seen, held_by_slurm, judge
from slurm.records import JobState, QueuedJob
from slurm.starts import JobStart
from sweeps.jobs.ends import Cause, End

LIMIT_S, PATIENCE_S = 3600.0, 60.0


def end(state=None, code=0, signal=0, elapsed_s=10.0, own=None, gone_s=0.0):
    seen = None if state is None else Seen(state, code, signal, elapsed_s, "gpu1")
    start = None if own is None else JobStart("name", "17", 0, "gpu1", 0.0, 0, None if own == "none" else own)
    return judge("17", seen, start, gone_s, PATIENCE_S, LIMIT_S)


@pytest.mark.parametrize(
    "state, code, signal, cause, exit_code",
    [
        (JobState.COMPLETED, 0, 0, Cause.ENDED, 0),
        (JobState.FAILED, 1, 0, Cause.ENDED, 1),
        (JobState.FAILED, 3, 0, Cause.ENDED, 3),
        (JobState.FAILED, 4, 0, Cause.ELSEWHERE, 4),
        (JobState.FAILED, 5, 0, Cause.OUT_OF_DISK, 5),
        (JobState.FAILED, 6, 0, Cause.ELSEWHERE, 6),
        (JobState.FAILED, 8, 0, Cause.ENDED, 8),
        (JobState.FAILED, 0, 9, Cause.KILLED, -9),
        (JobState.FAILED, 137, 0, Cause.KILLED, -9),
        (JobState.FAILED, 9, 0, Cause.KILLED, -9),
        (JobState.FAILED, 12, 0, Cause.PREEMPTED, 12),
        (JobState.FAILED, 128 + 12, 0, Cause.PREEMPTED, 140),
        (JobState.FAILED, 128 + 15, 0, Cause.PREEMPTED, 143),
        (JobState.FAILED, 128 + 11, 0, Cause.ENDED, 139),
        (JobState.FAILED, 255, 0, Cause.ENDED, 255),
        (JobState.CANCELLED, 0, 15, Cause.CANCELLED, None),
        (JobState.TIMEOUT, 0, 0, Cause.TIMEOUT, None),
        (JobState.DEADLINE, 0, 0, Cause.TIMEOUT, None),
        (JobState.OUT_OF_MEMORY, 0, 125, Cause.OUT_OF_MEMORY, None),
    ],
)
def test_a_final_state_is_believed_at_once(state, code, signal, cause, exit_code):
    found = end(state, code, signal)
    assert (found.cause, found.exit_code) == (cause, exit_code)
    assert found.detail == f"job 17 on gpu1: {state}, exit code {code}:{signal}"


@pytest.mark.parametrize("told, own, cause", [(6, 134, Cause.ENDED), (5, 133, Cause.ENDED), (9, 137, Cause.KILLED)])
def test_the_jobs_own_code_says_what_accounting_cannot(told, own, cause):
    """Accounting shows 134, an abort, as 6."""
    found = end(JobState.FAILED, told, own=own)
    assert (found.cause, found.exit_code) == (cause, -9 if cause is Cause.KILLED else own)


def test_who_stops_at_a_signal_near_the_limit_has_timed_out():
    assert end(JobState.FAILED, 140, elapsed_s=LIMIT_S).cause is Cause.TIMEOUT
    assert end(JobState.FAILED, 140, elapsed_s=LIMIT_S - 1).cause is Cause.PREEMPTED


@pytest.mark.parametrize(
    "state, cause",
    [
        (JobState.NODE_FAIL, Cause.NODE_FAILURE),
        (JobState.BOOT_FAIL, Cause.NODE_FAILURE),
        (JobState.PREEMPTED, Cause.PREEMPTED),
        (JobState.REQUEUED, Cause.PREEMPTED),
    ],
)
def test_slurm_gets_time_to_requeue_by_itself(state, cause):
    assert end(state, gone_s=PATIENCE_S - 1) is None
    assert end(state, gone_s=PATIENCE_S).cause is cause


@pytest.mark.parametrize("state", [None, JobState.PENDING, JobState.RUNNING, JobState.COMPLETING, JobState.UNKNOWN])
def test_lagging_accounting_gets_time_and_then_the_job_itself_is_asked(state):
    assert end(state, own=3, gone_s=PATIENCE_S - 1) is None
    assert end(state, own=3, gone_s=PATIENCE_S).exit_code == 3
    assert end(state, own=140, gone_s=PATIENCE_S).cause is Cause.PREEMPTED
    assert end(state, own="none", gone_s=PATIENCE_S).cause is Cause.VANISHED
    assert end(state, gone_s=PATIENCE_S).cause is Cause.VANISHED


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_an_end_after_the_patience(state):
    assert end(state, gone_s=PATIENCE_S) is not None


@pytest.mark.parametrize(
    "reason, held",
    [
        ("launch failed requeued held", True),
        ("launch_failed_requeued_held", True),
        ("JobHeldUser", False),
        ("job requeued in held state", False),
        ("Resources", False),
        ("", False),
    ],
)
def test_a_job_that_slurm_holds_after_it_did_not_launch_it_is_over(reason, held):
    found = held_by_slurm(QueuedJob("17", JobState.PENDING, "PENDING", reason, "name", ""))
    assert found == (End(Cause.NODE_FAILURE, None, f"job 17: {reason}") if held else None)


@pytest.mark.parametrize("state", [None, JobState.RUNNING, JobState.COMPLETED, JobState.NODE_FAIL, JobState.REQUEUED])
def test_a_job_that_wrote_that_it_is_complete_needs_no_accounting(state):
    found = end(state, own=0)
    assert (found.cause, found.exit_code, found.detail) == (Cause.ENDED, 0, "job 17 on gpu1: its own exit code 0")
    assert end(state if state is not JobState.COMPLETED else None, own="none") is None
