"""The lock of a folder: held by the one process that may write there, gone with that process.

flock(2) on ``FOLDER/lock``: the kernel releases it when its holder dies, so a lock is never stale. The
file's text only says who holds it. It is never removed: a second process could then lock another file of
the same name. A holder that forks without exec shares the lock with its child.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import TypedDict, cast

import orjson

from harness.errors import LockHeldError
from harness.runs.atomic import remove_leftovers
from harness.runs.manifest import now

LOCK_NAME = "lock"
TEXT_BYTES = 512
PROBE_PATIENCE_S = 0.5  # holder() takes the lock for an instant; that must not look like a holder


class Holder(TypedDict):
    """Who holds a lock; ``since`` is ISO 8601 in UTC. Fields are empty where the text is not written yet."""

    pid: int
    host: str
    since: str


class RunLock:
    """Holds ``folder/lock`` inside a ``with`` block; LockHeldError where another process does."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Takes the lock or raises LockHeldError; the wait only outlasts probes by readers.

        Whoever holds it is the folder's one writer, so it clears away what killed writers left half-written.
        """
        path = self._folder / LOCK_NAME
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + PROBE_PATIENCE_S
        while not _try_lock(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(handle)
                raise LockHeldError(
                    f"{str(self._folder)!r} must have one writer at a time",
                    f"a second one while {describe(_read_holder(path))} holds it",
                    "Wait for its end, or stop it.",
                )
            time.sleep(0.01)
        # One write of a fixed length: a reader never meets an empty or half-written text.
        text = Holder(pid=os.getpid(), host=socket.gethostname(), since=now())
        try:
            os.pwrite(handle, orjson.dumps(text).ljust(TEXT_BYTES - 1) + b"\n", 0)
        except OSError:  # a full disk: the lock must not stay with whoever does not know that he has it
            os.close(handle)
            raise
        self._handle = handle
        remove_leftovers(self._folder)

    def release(self) -> None:
        """Gives the lock back; nothing happens where it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def holder(folder: Path | str) -> Holder | None:
    """Who holds the folder's lock now, or None when nobody alive does."""
    path = Path(folder) / LOCK_NAME
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return None if _try_lock(handle, fcntl.LOCK_SH) else _read_holder(path)
    finally:
        os.close(handle)


def describe(holder: Holder) -> str:
    """The holder in words, for messages."""
    return f"process {holder['pid']} on {holder['host']!r} (since {holder['since']})"


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(path: Path) -> Holder:
    try:
        return cast(Holder, orjson.loads(path.read_bytes()))
    except (OSError, orjson.JSONDecodeError):
        return Holder(pid=0, host="", since="")
