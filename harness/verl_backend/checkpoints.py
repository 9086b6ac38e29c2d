"""verl's checkpoints of a run on the disk: `global_step_N` folders, and a file that names the newest whole one."""

from __future__ import annotations

import shutil
from pathlib import Path


def newest_checkpoint(checkpoints: Path) -> int:
    """The step that verl will go on from (its `latest_checkpointed_iteration.txt`); 0 where there is none."""
    try:
        return int((checkpoints / "latest_checkpointed_iteration.txt").read_text())
    except FileNotFoundError:
        return 0


def prune(checkpoints: Path, newest: int, keep: int) -> None:
    """Remove checkpoints that an earlier attempt left: verl retains among those of its own process only.

    The `keep` newest up to the step `newest` stay; those behind it were not finished.
    """
    steps = {int(folder.name.removeprefix("global_step_")): folder for folder in checkpoints.glob("global_step_*")}
    kept = sorted(step for step in steps if step <= newest)[-keep:]
    for step, folder in steps.items():
        if step not in kept:
            shutil.rmtree(folder)
