"""Files of a checkout that no commit and no diff has, such as a method that is not added yet: their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

MAX_FILES = 200
MAX_FILE_BYTES = 1_000_000


def digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Name -> ``sha256:...`` of the first MAX_FILES names, or in words why a file has none."""
    return {_text(name): _digest(root / name) for name in sorted(names)[:MAX_FILES]}


def _digest(path: Path) -> str:
    try:
        status = path.lstat()
        if not S_ISREG(status.st_mode):
            return "not a regular file"
        if status.st_size > MAX_FILE_BYTES:
            return f"{status.st_size} bytes, too large to hash"
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
