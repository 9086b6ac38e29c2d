"""verl's checkpoints on the disk."""

from __future__ import annotations

from pathlib import Path

from harness.verl_backend.checkpoints import newest_checkpoint, prune


def test_the_newest_is_the_one_that_verl_names(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) == 0
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("20")
    assert newest_checkpoint(tmp_path) == 20


def test_what_earlier_attempts_left_goes_and_what_was_not_finished(tmp_path: Path) -> None:
    for step in (5, 10, 15, 20, 25):
        (tmp_path / f"global_step_{step}" / "actor").mkdir(parents=True)
    prune(tmp_path, newest=20, keep=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["global_step_15", "global_step_20"]


def test_nothing_is_removed_before_there_is_anything(tmp_path: Path) -> None:
    prune(tmp_path / "none", newest=0, keep=1)
