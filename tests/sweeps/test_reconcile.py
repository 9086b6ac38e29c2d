"""The decision table, row by row."""

import pytest

from harness.runs import RunState
from sweeps.reconcile import RunAction, RunFacts, Verdict, reconcile, run_action

CREATED, RUNNING, STOPPED, FAILED, COMPLETE = RunState
DEAD, ALIVE = False, True


@pytest.mark.parametrize("state", [None, *RunState])
@pytest.mark.parametrize("exit_code", [None, 0, 4])
@pytest.mark.parametrize("retry", [False, True])
def test_what_is_alive_is_waited_for(state, exit_code, retry):
    assert run_action(RunFacts(state, ALIVE, exit_code, retry=retry)) is RunAction.WAIT


@pytest.mark.parametrize(
    "state, exit_code, retry, action",
    [
        (None, None, False, RunAction.START),
        (None, 1, False, RunAction.START),
        (CREATED, None, False, RunAction.START),
        (CREATED, 4, False, RunAction.START),
        (CREATED, 1, False, RunAction.BURY),
        (RUNNING, None, False, RunAction.START),
        (RUNNING, 4, False, RunAction.START),
        (RUNNING, -9, False, RunAction.START),
        (CREATED, -9, False, RunAction.START),
        (RUNNING, 137, False, RunAction.BURY),
        (RUNNING, 0, False, RunAction.BURY),
        (STOPPED, None, False, RunAction.START),
        (STOPPED, 3, False, RunAction.LEAVE),
        (FAILED, None, False, RunAction.FAILED),
        (FAILED, 1, False, RunAction.FAILED),
        (FAILED, None, True, RunAction.START),
        (FAILED, 1, True, RunAction.FAILED),
        (COMPLETE, None, False, RunAction.COMPLETE),
        (COMPLETE, 0, False, RunAction.COMPLETE),
        (COMPLETE, None, True, RunAction.COMPLETE),
    ],
)
def test_what_is_dead_is_treated_by_its_last_words(state, exit_code, retry, action):
    assert run_action(RunFacts(state, DEAD, exit_code, retry=retry)) is action


@pytest.mark.parametrize("state", [CREATED, RUNNING])
def test_what_is_killed_twice_without_progress_is_buried(state):
    assert run_action(RunFacts(state, DEAD, -9, stuck=True)) is RunAction.BURY


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
