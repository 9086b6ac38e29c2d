"""Cancelling runs and studies by marks in their folders, and withdrawing that: it works with and without a driver.

A run's mark keeps it from being started; a living one is asked to stop besides, with a checkpoint. A study's mark keeps
every driver from starting anything. The driver goes by both at each poll, so that a run which it was just
starting is stopped, too.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterable

from harness.runs import RunFolder
from harness.runs.manifest import now
from sweeps.folder import StudyFolder

CANCELLER = "cancel"
"""Whose stop request it is: withdrawing the mark withdraws it, too."""


def who() -> str:
    """The person and the place, as in `lena on login1 at 2026-11-25T14:28:10+00:00`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a name for the user
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()} at {now()}"


def cancel_runs(runs: Iterable[RunFolder], by: str, alive: Iterable[RunFolder] = ()) -> None:
    """Marks the runs, and asks those `alive` to stop; runs that are complete are the caller's to leave out.

    The marks come first: then no driver starts one of them again once it has stopped.
    """
    for run in runs:
        run.path.mkdir(parents=True, exist_ok=True)  # one that has not begun has no folder yet
        run.cancel(f"by {by}")
    for run in alive:
        if run.stop_asker() is None:
            run.request_stop(CANCELLER)


def withdraw(run: RunFolder) -> bool:
    """Withdraws a run's mark, and the stop request that came with it; whether there was a mark."""
    if run.cancelled() is None:
        return False
    if run.stop_asker() == CANCELLER:
        run.clear_stop()
    run.withdraw_cancel()
    return True


def cancelled_runs(study: StudyFolder) -> list[RunFolder]:
    """The runs of a study that are marked, by name."""
    return [RunFolder(mark.parent) for mark in sorted(study.runs_path.glob("*/cancelled"))]
