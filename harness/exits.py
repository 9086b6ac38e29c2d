"""Exit codes: how a run's process, a job around it, or a command says how it ended."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Launchers read them; the last three are of Slurm jobs that did not start their run."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    STOPPED = 3
    LOCKED = 4
    """Another process executes the run."""
    NO_SPACE = 5
    """The disk was full."""
    SUPERSEDED = 6
    """The run has a newer job."""
    NO_ENVIRONMENT = 7
    """A module or a setup line of the job failed."""
    CRASH_LOOP = 8
    """Too many starts in a row without progress."""
