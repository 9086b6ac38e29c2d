"""Finding run folders below a path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from analysis.reading import MANIFEST, METRICS
from harness.errors import RunFolderError

MARKS = (MANIFEST, METRICS)
"""A folder that holds one of these is taken for a run, so that a damaged one is reported, not missed."""


def run_folders(root: Path) -> Iterator[tuple[str, Path]]:
    """(name, folder) of every run folder, in order; linked folders are followed once."""
    if not root.is_dir():
        raise RunFolderError("runs are read from a folder", repr(str(root)), "Give a run, a study, or a folder above.")
    count, visited = 0, set()
    for folder, children, files in os.walk(root, followlinks=True):
        here = Path(folder).resolve()
        children[:] = sorted(child for child in children if not child.startswith("."))
        if here in visited:
            children.clear()
            continue
        visited.add(here)
        if any(mark in files for mark in MARKS):
            children.clear()
            count += 1
            yield (os.path.relpath(folder, root) if folder != str(root) else here.name), Path(folder)
    if not count:
        raise RunFolderError(
            "there must be a run folder at or below the path",
            f"none below {str(root)!r}",
            "Give the folder that `entrocraft run` or `entrocraft sweep` wrote.",
        )
