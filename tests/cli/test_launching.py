"""From launch settings to the policy that the driver goes by."""

from harness.cli.launching import policy_of
from harness.config.launch_file import load_launch
from sweeps.jobs.ends import Cause
from sweeps.jobs.policy import Strikes


def test_restarts_by_cause() -> None:
    policy = policy_of(load_launch(["launcher=slurm"]))
    assert policy.restarts == {
        Cause.PREEMPTED: 5,
        Cause.TIMEOUT: 2,
        Cause.NODE_FAILURE: 5,
        Cause.KILLED: 1,
        Cause.CANCELLED: 2,
        Cause.OUT_OF_MEMORY: 0,
        Cause.OUT_OF_DISK: 3,
        Cause.VANISHED: 3,
        Cause.ENDED: 0,
        Cause.ELSEWHERE: 5,
    }
    assert set(policy.restarts) == set(Cause) and policy.stalled == 5


def test_the_wait_doubles_up_to_its_maximum_from_the_first_end_without_progress_on() -> None:
    policy = policy_of(load_launch(["launcher=slurm", "retry.backoff_s=3", "retry.backoff_max_s=20"]))
    waits = [policy.wait_s(Strikes(Cause.KILLED, ends, ends)) for ends in (1, 2, 3, 4, 5, 6, 10_000)]
    assert waits == [0, 3, 6, 12, 20, 20, 20]
    without = policy_of(load_launch(["launcher=slurm", "retry.backoff_s=0"]))
    assert without.wait_s(Strikes(Cause.KILLED, 5, 5)) == 0


def test_processes_of_this_machine_are_started_again_at_once() -> None:
    policy = policy_of(load_launch(["retry.backoff_s=3"]))
    assert policy.wait_s(Strikes(Cause.KILLED, 3, 3)) == 0
