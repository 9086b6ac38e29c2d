"""Writing so that a reader sees the old content or the new one, never a part of it.

The pattern is always the same: write beside the final name, flush to the disk, rename.
Temporary names begin with a dot, so a listing of the final names never meets them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

TEMPORARY = re.compile(r"\..+\.\d+\.tmp")
"""What `write_file` writes beside the final name: `.NAME.PID.tmp`."""


def write_file(path: Path, content: bytes) -> None:
    """Replaces ``path`` by ``content``; after a crash it holds the old bytes or the new ones, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed calls of `write_file` left in ``folder``; nobody else may be writing there now."""
    for path in folder.glob(".*.tmp"):
        if TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def publish_folder(temporary: Path, final: Path) -> None:
    """Flushes every file below ``temporary`` to the disk, then renames it to ``final``."""
    for file in temporary.rglob("*"):
        if file.is_file():
            sync(file)
    sync(temporary)
    temporary.rename(final)
    sync(final.parent)


def remove_folder(path: Path) -> None:
    """Removes a folder whole: it loses its name first, so nobody finds a half-empty one under it."""
    trash = path.with_name(f".{path.name}.trash")
    shutil.rmtree(trash, ignore_errors=True)
    path.rename(trash)
    shutil.rmtree(trash)


def sync(path: Path) -> None:
    """Flushes a file's content, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
