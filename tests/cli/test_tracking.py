"""The W&B mirror: the real wandb offline, one run for life, never fatal."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import tracking
from harness.cli.run_folder import open_run, placed
from harness.config import RunConfig, resolve
from harness.errors import DependencyError
from harness.runs import RunFolder
from harness.tracking import session
from tests.cli.wandb_file import sent


def opened(tmp_path: Path, mode: str) -> tuple[RunFolder, RunConfig]:
    config = placed(resolve([f"run.dir={tmp_path / 'run'}", f"wandb.mode={mode}"]))
    return open_run(config), config


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_PROJECT", "WANDB_MODE", "WANDB_DIR", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("clean")
def test_every_attempt_mirrors_into_the_same_run(tmp_path: Path) -> None:
    folder, config = opened(tmp_path, "offline")
    for attempt in range(2):
        with tracking.mirror(folder, config) as on_step:
            for step in range(attempt * 2, attempt * 2 + 3):
                on_step(step, {"actor/entropy": 0.5 - 0.1 * step})
    assert sent(folder.path) == {folder.manifest()["wandb_id"]: [0, 1, 2, 3, 4]}
    (first, _) = sorted((folder.path / "wandb").glob("offline-run-*/*.wandb"))
    assert b"actor/entropy" in first.read_bytes()


def test_off_is_off(tmp_path: Path) -> None:
    folder, config = opened(tmp_path, "off")
    with tracking.mirror(folder, config) as on_step:
        on_step(1, {"actor/entropy": 0.5})
    assert not (folder.path / "wandb").exists()


def test_a_missing_wandb_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    tracking.require("off")
    with pytest.raises(DependencyError, match=r"wandb\.mode=off, or run `pip install wandb`"):
        tracking.require("offline")


def test_a_failure_of_wandb_is_said_once_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def log(self, data: object, step: int) -> None:
            raise OSError("disk full")

    monkeypatch.setattr(session, "start", lambda folder, config: Broken())
    folder, config = opened(tmp_path, "offline")
    with tracking.mirror(folder, config) as on_step:
        on_step(1, {})
        on_step(2, {})
    assert capsys.readouterr().err == "the W&B mirror is off from here: OSError: disk full\n"


def test_an_error_of_the_run_passes_through(tmp_path: Path) -> None:
    folder, config = opened(tmp_path, "off")
    with pytest.raises(ZeroDivisionError), tracking.mirror(folder, config):
        raise ZeroDivisionError
