"""A full disk: which errors mean one, and appending a line whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
WORDS = (os.strerror(errno.ENOSPC), "database or disk is full")
"""What the system says, and what SQLite says."""
LEAST_BYTES = 65_536
"""A disk with less free is full: a checkpoint does not fit."""


def no_space(error: BaseException, folder: Path) -> bool:
    """Whether a full disk, or a full quota, is what is behind the error.

    Not every library says so: PyTorch's writer only reports that it failed, hence the look at the disk.
    """
    seen: BaseException | None = error
    while seen is not None:
        if (isinstance(seen, OSError) and seen.errno in FULL) or any(words in str(seen) for words in WORDS):
            return True
        seen = seen.__cause__ or seen.__context__
    try:
        disk = os.statvfs(folder)
    except OSError:  # there is no such folder, or no such disk any more
        return False
    return disk.f_bavail * disk.f_frsize < LEAST_BYTES


def append_whole(handle: int, line: bytes) -> None:
    """Appends to the open file; a disk that takes only part of the line is left as it was.

    Raises:
        OSError: the line did not fit, or not whole (ENOSPC).
    """
    before = os.fstat(handle).st_size
    written = os.write(handle, line)
    if written != len(line):
        os.ftruncate(handle, before)
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {written} of {len(line)} bytes fitted")
