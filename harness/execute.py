"""Execute the run of a folder: `python -m harness.execute RUN_DIR` starts it or goes on with it.

Every launcher starts runs this way. The process holds the run's lock from beginning to end, dispatches to the
backend that the manifest names, and leaves the outcome in the manifest and in its exit code.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from harness import tracking
from harness.config import RunConfig
from harness.errors import HarnessError, LockHeldError
from harness.exits import Exit
from harness.runs import RunFolder, RunLock, RunState, last_record
from harness.runs.alarms import ALARMS
from harness.runs.manifest import now
from harness.runs.space import no_space
from harness.signals import stop_on_signals

OnStep = Callable[[int, Mapping[str, float]], None]
REASON_CHARACTERS = 2000
SIGNALLED = "signal"
"""Whose stop request it is that a signal to this process made: it is for this process, and ends with it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The module's command line; returns an `Exit`."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1 or given[0].startswith("-"):
        print("usage: python -m harness.execute RUN_DIR", file=sys.stderr)
        return Exit.USAGE
    folder = RunFolder(given[0])
    try:
        state = run(folder)
    except LockHeldError as error:
        _say(f"harness.execute: {error}")
        return Exit.LOCKED
    except Exception as error:
        code = Exit.NO_SPACE if no_space(error, folder.path) else Exit.FAILED
        _say(f"harness.execute: {error}" if isinstance(error, HarnessError) else traceback.format_exc().rstrip())
        return code
    return Exit.COMPLETE if state is RunState.COMPLETE else Exit.STOPPED


def run(folder: RunFolder, on_step: OnStep | None = None) -> RunState:
    """Start or resume the run under its lock; COMPLETE, or STOPPED at a stop request or at SIGINT or SIGTERM.

    `on_step` sees each record once it is on disk. The first alarm of each kind is printed with its step.

    Raises:
        LockHeldError: another process executes this run.
        Exception: whatever the backend raised; the manifest then has state failed and the reason.
    """
    folder.manifest()  # refuses a folder without a run before the lock makes one
    with RunLock(folder.path):
        if folder.is_done():
            return RunState.COMPLETE
        if folder.stop_asker() == SIGNALLED:
            folder.clear_stop()  # of a process that was killed before it could stop
        attempts_before = len(folder.manifest()["attempts"])
        try:
            config = RunConfig.from_dict(folder.manifest()["config"])
            with stop_on_signals(_asking(folder)), tracking.mirror(folder, config) as mirrored:
                return _backend(config.backend)(folder, _all(mirrored, _Alarms().on_step, on_step))
        except Exception as error:
            _record_failure(folder, error, attempts_before)
            raise


def _backend(name: str) -> Callable[[RunFolder, OnStep], RunState]:
    if name == "verl":
        from harness.verl_backend.run import execute as on_verl

        return on_verl
    assert name == "torch", name  # RunConfig refuses the others
    from harness.torch_backend.run import execute as on_torch

    return on_torch


def _all(*observers: OnStep | None) -> OnStep:
    def on_step(step: int, data: Mapping[str, float]) -> None:
        for observer in observers:
            if observer is not None:
                observer(step, data)

    return on_step


class _Alarms:
    """Says on stderr, and so in a sweep's log.txt, when a record of this attempt first raises an alarm."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def on_step(self, step: int, data: Mapping[str, float]) -> None:
        for metric, (name, meaning) in ALARMS.items():
            if data.get(metric) and metric not in self._said:
                self._said.add(metric)
                _say(f"step {step}: {name}: {meaning} ({metric})")


def _record_failure(folder: RunFolder, error: Exception, attempts_before: int) -> None:
    name = "" if isinstance(error, HarnessError) else f"{type(error).__name__}: "
    reason = f"{name}{error}"[:REASON_CHARACTERS]
    attempts = folder.manifest()["attempts"]
    mine = attempts[-1] if len(attempts) > attempts_before else None
    if mine is None or mine["outcome"] is not None:  # it failed before its attempt began
        folder.update(state=RunState.FAILED, reason=reason, ended=now())
        return
    last = last_record(folder.metrics_path)
    reached = last["step"] if last is not None and last["attempt"] == mine["attempt"] else mine["from_step"]
    folder.end_attempt(RunState.FAILED, reached, reason)


def _say(text: str) -> None:
    """On stderr, which may be a log on a full disk: the exit code must not depend on that."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _asking(folder: RunFolder) -> Callable[[], None]:
    def ask() -> None:
        if folder.stop_asker() is None:  # an earlier request stays its asker's
            folder.request_stop(SIGNALLED)
        _say("stopping after this step, with a checkpoint (again: at once, without)")

    return ask


if __name__ == "__main__":
    sys.exit(main())
