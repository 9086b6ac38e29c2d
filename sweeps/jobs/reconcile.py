"""The decision: given the run folders of an open trial and their jobs, what is to be done.

    folder state        job      its end                    action
    any                 alive    -                          WAIT      ours, or an orphan: never started twice
    any but complete    dead     any, and cancelled         BURY      FAILED where it has failed already, or not begun
    none                dead     any                        START
    created, running    dead     none seen                  START     interrupted, or not yet begun
    created, running    dead     by itself                  BURY      it ended without a word: its failure is recorded
    created, running    dead     any other cause            AGAIN
    stopped             dead     none seen                  START     by an earlier driver
    stopped             dead     code 3                     LEAVE     somebody asked it to stop; the next driver goes on
    stopped             dead     any other                  AGAIN     preempted, at its time limit, ...
    failed              dead     none seen, retry due       START
    failed              dead     none seen                  FAILED
    failed              dead     any                        AGAIN     where the policy allows it, else FAILED
    complete            dead     any                        COMPLETE
    stopped, held       dead     any                        HOLD      at the rung where the pruner has it wait
    unreadable          dead     any                        FAILED    what is in it is left for a person to look at

AGAIN is START once the policy's wait is over, LATER until then, and BURY when the policy allows no more: a crash
loop. `its end` is what this driver saw; of an earlier driver's jobs it sees what the scheduler tells.

A trial that is dropped (pruned) is told so once none of its runs is alive; none of them is started again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.exits import Exit
from harness.runs import RunState
from sweeps.jobs.ends import Cause, End


class RunAction(StrEnum):
    """What to do with a run; LEAVE, COMPLETE, FAILED and DROP ask for nothing more, LATER and HOLD for another look."""

    START = "start"
    WAIT = "wait"
    LATER = "later"
    HOLD = "hold"
    DROP = "drop"
    BURY = "bury"
    LEAVE = "leave"
    COMPLETE = "complete"
    FAILED = "failed"


class Verdict(StrEnum):
    """What to do with the trial: OPEN means that it is not over."""

    OPEN = "open"
    TELL_VALUE = "tell value"
    TELL_FAILED = "tell failed"
    TELL_PRUNED = "tell pruned"


@dataclass(frozen=True)
class RunFacts:
    """What is seen of a run. `state` is read after `alive`, so it is final where alive is False."""

    state: RunState | None
    alive: bool
    end: End | None = None
    """Of the last job, where this driver saw it end."""
    damage: str | None = None
    """Why the folder cannot be read; `state` is None then."""
    attempts: int = 0
    allowed: bool = False
    """Whether the policy allows to start it again after `end`."""
    due: bool = True
    """Whether the policy's wait is over."""
    retry: bool = False
    """Whether its trial is retried and it had no attempt since it was enqueued for that."""
    cancelled: bool = False
    """Whether somebody cancelled it."""
    held: bool = False
    """Whether it has reached the step at which it is to wait."""


@dataclass(frozen=True)
class Decision:
    """One action a run, in their order, and the verdict on the trial."""

    actions: tuple[RunAction, ...]
    verdict: Verdict


def reconcile(runs: Sequence[RunFacts], dropped: bool = False) -> Decision:
    """The table above for each run; the trial is told once all its runs are complete or failed, or none is alive.

    Args:
        dropped: whether the pruner has given up the trial.
    """
    if dropped:
        acts = tuple(RunAction.WAIT if run.alive else RunAction.DROP for run in runs)
        return Decision(acts, Verdict.OPEN if RunAction.WAIT in acts else Verdict.TELL_PRUNED)
    actions = tuple(run_action(run) for run in runs)
    if all(action is RunAction.COMPLETE for action in actions):
        return Decision(actions, Verdict.TELL_VALUE)
    over = (RunAction.COMPLETE, RunAction.FAILED, RunAction.HOLD)
    if RunAction.FAILED in actions and all(action in over for action in actions):
        return Decision(actions, Verdict.TELL_FAILED)  # the others need not wait at their rung for one that is gone
    return Decision(actions, Verdict.OPEN)


def run_action(run: RunFacts) -> RunAction:
    """The action for one run, by the table of this module."""
    if run.alive:
        return RunAction.WAIT
    if run.damage is not None:
        return RunAction.FAILED
    if run.cancelled and run.state is not RunState.COMPLETE:
        return RunAction.FAILED if run.state in (None, RunState.FAILED) else RunAction.BURY
    end = run.end
    by_itself = end is not None and end.cause is Cause.ENDED
    match run.state:
        case None:
            return RunAction.START
        case RunState.CREATED | RunState.RUNNING:
            if end is None:
                return RunAction.START
            return RunAction.BURY if by_itself else _again(run)
        case RunState.STOPPED:
            if run.held:
                return RunAction.HOLD
            if end is None:
                return RunAction.START
            return RunAction.LEAVE if by_itself and end.exit_code == Exit.STOPPED else _again(run)
        case RunState.FAILED:
            if end is None:
                return RunAction.START if run.retry else RunAction.FAILED
            return _again(run) if run.allowed else RunAction.FAILED
        case RunState.COMPLETE:
            return RunAction.COMPLETE


def _again(run: RunFacts) -> RunAction:
    if not run.allowed:
        return RunAction.BURY
    return RunAction.START if run.due else RunAction.LATER
