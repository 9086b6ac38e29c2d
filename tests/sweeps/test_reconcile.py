"""The decision table, row by row."""

import pytest

from harness.runs import RunState
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.reconcile import RunAction, RunFacts, Verdict, reconcile, run_action

CREATED, RUNNING, STOPPED, FAILED, COMPLETE = RunState
DEAD, ALIVE = False, True
OTHER_CAUSES = [cause for cause in Cause if cause is not Cause.ENDED]


def by_itself(code):
    return End(Cause.ENDED, code)


@pytest.mark.parametrize("state", [None, *RunState])
@pytest.mark.parametrize("end", [None, by_itself(0), End(Cause.PREEMPTED)])
@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("cancelled", [False, True])
def test_what_is_alive_is_waited_for(state, end, retry, cancelled):
    assert run_action(RunFacts(state, ALIVE, end, retry=retry, cancelled=cancelled)) is RunAction.WAIT


@pytest.mark.parametrize(
    "state, end, retry, action",
    [
        (None, None, False, RunAction.START),
        (None, by_itself(1), False, RunAction.START),
        (CREATED, None, False, RunAction.START),
        (CREATED, by_itself(1), False, RunAction.BURY),
        (RUNNING, None, False, RunAction.START),
        (RUNNING, by_itself(137), False, RunAction.BURY),
        (RUNNING, by_itself(0), False, RunAction.BURY),
        (STOPPED, None, False, RunAction.START),
        (STOPPED, by_itself(3), False, RunAction.LEAVE),
        (FAILED, None, False, RunAction.FAILED),
        (FAILED, by_itself(1), False, RunAction.FAILED),
        (FAILED, None, True, RunAction.START),
        (FAILED, by_itself(1), True, RunAction.FAILED),
        (COMPLETE, None, False, RunAction.COMPLETE),
        (COMPLETE, by_itself(0), False, RunAction.COMPLETE),
        (COMPLETE, None, True, RunAction.COMPLETE),
    ],
)
def test_what_is_dead_is_treated_by_its_last_words(state, end, retry, action):
    assert run_action(RunFacts(state, DEAD, end, retry=retry)) is action


@pytest.mark.parametrize("state", [CREATED, RUNNING, STOPPED])
@pytest.mark.parametrize("cause", OTHER_CAUSES)
@pytest.mark.parametrize(
    "allowed, due, action",
    [
        (True, True, RunAction.START),
        (True, False, RunAction.LATER),
        (False, True, RunAction.BURY),
        (False, False, RunAction.BURY),
    ],
)
def test_what_something_else_ended_is_started_again_as_far_as_the_policy_goes(state, cause, allowed, due, action):
    assert run_action(RunFacts(state, DEAD, End(cause), allowed=allowed, due=due)) is action


@pytest.mark.parametrize("cause", [Cause.OUT_OF_DISK, Cause.PREEMPTED, Cause.ENDED])
@pytest.mark.parametrize(
    "allowed, due, action",
    [(True, True, RunAction.START), (True, False, RunAction.LATER), (False, True, RunAction.FAILED)],
)
def test_a_failure_is_tried_again_where_the_policy_says_so(cause, allowed, due, action):
    assert run_action(RunFacts(FAILED, DEAD, End(cause, 1), allowed=allowed, due=due)) is action


@pytest.mark.parametrize("end", [None, End(Cause.CANCELLED), by_itself(3)])
@pytest.mark.parametrize("state", [None, *RunState])
def test_what_is_cancelled_is_not_started_again(state, end):
    ends = {COMPLETE: RunAction.COMPLETE, FAILED: RunAction.FAILED, None: RunAction.FAILED}  # nothing to bury
    facts = RunFacts(state, DEAD, end, allowed=True, retry=True, cancelled=True)
    assert run_action(facts) is ends.get(state, RunAction.BURY)


@pytest.mark.parametrize("retry", [False, True])
def test_what_cannot_be_read_has_failed(retry):
    assert run_action(RunFacts(None, DEAD, damage="not JSON", retry=retry)) is RunAction.FAILED


@pytest.mark.parametrize(
    "states, verdict",
    [
        ([COMPLETE, COMPLETE], Verdict.TELL_VALUE),
        ([COMPLETE, FAILED], Verdict.TELL_FAILED),
        ([FAILED, FAILED], Verdict.TELL_FAILED),
        ([COMPLETE, RUNNING], Verdict.OPEN),
        ([FAILED, CREATED], Verdict.OPEN),
        ([FAILED, None], Verdict.OPEN),
        ([COMPLETE, STOPPED], Verdict.OPEN),
    ],
)
def test_a_trial_is_told_when_all_its_runs_are_settled(states, verdict):
    runs = [RunFacts(state, DEAD) for state in states]
    assert reconcile(runs).verdict is verdict
