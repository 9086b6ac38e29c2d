"""The index of checkpoints: folders named by step, published whole, thinned out by a retention rule."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import RunFolderError
from harness.runs.atomic import publish_folder, remove_folder

STEP_NAME = re.compile(r"step_(\d{6,})")


def step_name(step: int) -> str:
    """``step_000100``; steps are counted from 1, step 0 is the state before training."""
    if step < 0:
        raise RunFolderError("a step must be 0 (before training) or more", str(step), "Count steps from 1.")
    return f"step_{step:06d}"


def steps_in(folder: Path, suffix: str = "") -> list[int]:
    """Steps that have an entry ``step_NNNNNN<suffix>`` in the folder, ascending; [] without a folder."""
    if not folder.is_dir():
        return []
    names = (path.name.removesuffix(suffix) for path in folder.iterdir() if path.name.endswith(suffix))
    return sorted(int(match[1]) for name in names if (match := STEP_NAME.fullmatch(name)))


@contextmanager
def writing(checkpoints: Path, step: int) -> Iterator[Path]:
    """Yields an empty temporary folder; it becomes the checkpoint of ``step`` when the block ends well.

    A published checkpoint is never rewritten, because a moment without it could be the last one.
    """
    final = checkpoints / step_name(step)
    if final.exists():
        raise RunFolderError(
            "a checkpoint must be written once",
            f"{str(final)!r}, which exists",
            "Resume from it, or remove it first.",
        )
    temporary = checkpoints / f".{final.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    publish_folder(temporary, final)


def retain(checkpoints: Path, keep: int) -> list[int]:
    """Removes all but the newest ``keep`` checkpoints and what a killed writer left; the steps removed."""
    if keep < 1:
        raise RunFolderError("the newest checkpoint must be kept", f"keep = {keep}", "Keep 1 or more.")
    removed = steps_in(checkpoints)[:-keep]
    for step in removed:
        remove_folder(checkpoints / step_name(step))
    for leftover in checkpoints.glob(".step_*"):
        shutil.rmtree(leftover, ignore_errors=True)
    return removed
