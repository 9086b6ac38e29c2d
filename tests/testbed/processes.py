"""Processes as /proc shows them: which live, and which belong to a cluster."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

POLL_S = 0.02


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which has only its exit code left, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def program(pid: int) -> str:
    """The name of its program, at most 15 characters; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def environment(pid: int) -> dict[str, str]:
    """The environment it was started with; empty where it has ended."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    return {key.decode(): value.decode("utf-8", "replace") for key, _, value in (e.partition(b"=") for e in entries)}


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def open_files(pid: int) -> set[str]:
    """The paths of the files it has open; empty where it has ended."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(os.readlink(entry))
    return found


def descendants(pid: int) -> set[int]:
    """Its children, their children and so on."""
    found: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found |= {child, *descendants(child)}
    return found


def end(targets: Iterable[int], number: int, patience_s: float) -> list[int]:
    """Send a signal and wait; returns the pids that live on."""
    left = list(targets)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    wait(lambda: not any(map(alive, left)), patience_s)
    return [pid for pid in left if alive(pid)]


def kill(find: Callable[[], list[int]], patience_s: float) -> list[int]:
    """SIGKILL whatever `find` returns until it returns nothing; returns what is left after `patience_s`."""
    deadline = time.monotonic() + patience_s
    while (left := find()) and time.monotonic() < deadline:
        end(left, signal.SIGKILL, patience_s=1)
    return left


def wait(condition: Callable[[], bool], patience_s: float, poll_s: float = POLL_S) -> bool:
    """Whether the condition came true in time; it is looked at once at least."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_s)
    return True
