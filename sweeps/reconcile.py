"""The decision: given the run folders of an open trial and their processes, what is to be done.

    folder state        alive   exit code     action
    any                 yes     any           WAIT      ours, or an orphan: never started twice
    none                no      any           START
    created, running    no      none, 4       START     interrupted, or not yet begun
    created, running    no      below 0       START     killed; BURY the second time without progress
    created, running    no      other         BURY      it ended without a word: its failure is recorded
    stopped             no      none          START     by an earlier driver
    stopped             no      any           LEAVE     somebody asked it to stop; the next driver goes on
    failed              no      none          START     where a retry is due, else FAILED
    failed              no      any           FAILED
    complete            no      any           COMPLETE
    unreadable          no      any           FAILED    what is in it is left for a person to look at

`exit code` is that of the process this driver started last, none where it started none; 4 says that another
process held the run's lock, below 0 that a signal killed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.runs import RunState

EXIT_LOCK_HELD = 4


class RunAction(StrEnum):
    """What to do with a run; LEAVE, COMPLETE and FAILED ask for nothing more."""

    START = "start"
    WAIT = "wait"
    BURY = "bury"
    LEAVE = "leave"
    COMPLETE = "complete"
    FAILED = "failed"


class Verdict(StrEnum):
    """What to do with the trial: OPEN means that it is not over."""

    OPEN = "open"
    TELL_VALUE = "tell value"
    TELL_FAILED = "tell failed"


@dataclass(frozen=True)
class RunFacts:
    """What is seen of a run. `state` is read after `alive`, so it is final where alive is False."""

    state: RunState | None
    alive: bool
    exit_code: int | None = None
    damage: str | None = None
    """Why the folder cannot be read; `state` is None then."""
    attempts: int = 0
    stuck: bool = False
    """Whether it was killed before, too, and has come no further since."""
    retry: bool = False
    """Whether its trial is retried and it had no attempt since it was enqueued for that."""


@dataclass(frozen=True)
class Decision:
    """One action a run, in their order, and the verdict on the trial."""

    actions: tuple[RunAction, ...]
    verdict: Verdict


def reconcile(runs: Sequence[RunFacts]) -> Decision:
    """The table above for each run; the trial is told once all its runs are complete or failed."""
    actions = tuple(run_action(run) for run in runs)
    if all(action is RunAction.COMPLETE for action in actions):
        return Decision(actions, Verdict.TELL_VALUE)
    if all(action in (RunAction.COMPLETE, RunAction.FAILED) for action in actions):
        return Decision(actions, Verdict.TELL_FAILED)
    return Decision(actions, Verdict.OPEN)


def run_action(run: RunFacts) -> RunAction:
    """The action for one run, by the table of this module."""
    if run.alive:
        return RunAction.WAIT
    if run.damage is not None:
        return RunAction.FAILED
    code = run.exit_code
    match run.state:
        case None:
            return RunAction.START
        case RunState.CREATED | RunState.RUNNING:
            killed = code is not None and code < 0
            again = code in (None, EXIT_LOCK_HELD) or (killed and not run.stuck)
            return RunAction.START if again else RunAction.BURY
        case RunState.STOPPED:
            return RunAction.START if code is None else RunAction.LEAVE
        case RunState.FAILED:
            return RunAction.START if code is None and run.retry else RunAction.FAILED
        case RunState.COMPLETE:
            return RunAction.COMPLETE
