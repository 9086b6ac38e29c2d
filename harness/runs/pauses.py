"""The file RUN/pause: the step that a run shall not go beyond, as text."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import RunFolderError

WIDTH = 12
"""Digits, so that one pause replaces another in a single write: whoever asks may leave no temporary file."""


def write(path: Path, step: int | None) -> None:
    """Writes the pause; None removes it. Raises RunFolderError for a step below 1."""
    if step is None:
        path.unlink(missing_ok=True)
        return
    if step < 1:
        raise RunFolderError("a pause must be at a step >= 1", f"step {step}", "Stop the run instead.")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(handle, f"{step:0{WIDTH}d}".encode(), 0)
    finally:
        os.close(handle)


def read(path: Path) -> int | None:
    """The step of the pause; None where there is none, or where it is only being written."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return None
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise RunFolderError(f"{str(path)!r} must hold a step", repr(text[:40]), "Remove the file.")
    return int(text)
