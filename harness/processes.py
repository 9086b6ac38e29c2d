"""Child processes that must not outlive who started them, and waiting for one inside a signal handler."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
PATIENCE_S = 10


def die_with_parent() -> None:
    """For `preexec_fn`: Linux ends the child when its parent is killed, also by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process started in a session of its own, and whatever it left in its process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            continue


def outcome(process: subprocess.Popen[bytes]) -> int:
    """Waits for a child's end: its exit code, or minus the signal. Any number of times, and in signal handlers, too.

    `Popen.wait` holds a lock while it waits: called again by a handler that has interrupted it, it never returns.
    """
    seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert seen is not None  # only WNOHANG returns nothing
    return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status
