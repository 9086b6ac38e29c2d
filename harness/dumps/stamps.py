"""By what a file is known to be unchanged without reading it."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from io import FileIO

EDGE_BYTES = 4096
RACY_S = 2.0
"""A file younger than this may change again within one tick of its file system's clock; it is read again."""


@dataclass(frozen=True)
class Stamp:
    """size in bytes, mtime in nanoseconds, inode, and a hash of the first and last EDGE_BYTES.

    The edges catch a file that was replaced by a tool that sets times back, such as rsync --times or tar.
    """

    size: int
    mtime_ns: int
    inode: int
    edges: str

    def settled(self) -> bool:
        """Whether a later change would have to show in mtime_ns."""
        return self.mtime_ns < (time.time() - RACY_S) * 1e9


def stamp_of(file: FileIO) -> Stamp:
    """The stamp of an open file; its position is not moved."""
    handle = file.fileno()
    status = os.fstat(handle)
    head = os.pread(handle, EDGE_BYTES, 0)
    tail = os.pread(handle, EDGE_BYTES, max(0, status.st_size - EDGE_BYTES))
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino, hashlib.sha256(head + tail).hexdigest())
