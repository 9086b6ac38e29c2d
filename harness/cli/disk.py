"""What a disk that cannot be written means to a person: an error with a remedy instead of a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import StudyError

REMEDIES = {
    errno.EROFS: "The file system is read-only: mount it for writing",
    errno.EACCES: "Let its owner write to it",
    errno.EPERM: "Let its owner write to it",
    errno.ENOSPC: "The disk is full: make room",
    errno.EDQUOT: "The quota is used up: make room",
}
READ_ONLY = "attempt to write a readonly database"
"""SQLite's words; Optuna raises them wrapped."""


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turns a refusal of the disk inside the block into a StudyError. What was written before stays.

    Raises:
        StudyError: read-only, no permission, no room.
    """
    try:
        yield
    except Exception as error:
        number = _errno(error)
        if number is None:
            raise
        raise StudyError(
            f"the study's folder {str(folder)!r} must be writable",
            " ".join(str(error).split()),
            f"{REMEDIES[number]}, or choose another (--dir); then the same command goes on. Jobs of the study go on.",
        ) from error


def _errno(error: BaseException) -> int | None:
    """Why the disk refused, of the error or of what is behind it; None where it did not."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in REMEDIES:
            return seen.errno
        if READ_ONLY in str(seen):
            return errno.EROFS
        seen = seen.__cause__ or seen.__context__
    return None
