"""`entrocraft run` around a backend that does not train: its exit codes and what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.main import main
from harness.cli.run_report import figures
from harness.cli.sweep_report import Reporter
from harness.errors import RunFolderError
from harness.execute import OnStep
from harness.runs import RunFolder, RunLock, RunState
from sweeps.progress import Progress
from sweeps.status import RunStatus

BACKEND = "harness.torch_backend.run.execute"


def full_disk(folder: RunFolder, on_step: OnStep) -> RunState:
    folder.begin_attempt(0)
    raise RunFolderError("the record must fit", "a full disk", "Free the disk.")


def test_a_failure_after_training_began_gives_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(BACKEND, full_disk)
    assert main(["run", f"run.dir={tmp_path}"]) == 1
    assert capsys.readouterr().err.strip() == "entrocraft: the record must fit; got a full disk. Free the disk."
    assert RunFolder(tmp_path).manifest()["state"] is RunState.FAILED


def test_a_run_that_is_being_executed_is_refused_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BACKEND, full_disk)
    with RunLock(tmp_path):
        assert main(["run", f"run.dir={tmp_path}"]) == 2
    assert not RunFolder(tmp_path).exists()


def test_the_run_display_shows_alarms() -> None:
    assert figures({"actor/entropy": 0.5, "control/saturated": 0.0}) == "H 0.500"
    assert figures({"actor/entropy": 0.5, "control/saturated": 1.0, "control/skipped_update": 1.0}) == (
        "H 0.500  saturated  update skipped"
    )


def test_the_run_display_names_the_source_where_there_is_more_than_one() -> None:
    one = {"val-core/aime25/acc/mean@32": 0.125, "val-core/aime25/acc/best@32/mean": 0.5, "val-aux/aime25/pass@32": 0.4}
    assert figures(one) == "mean@32 0.125"
    assert figures({**one, "val-core/math500/acc/mean@32": 0.5}) == "aime25 mean@32 0.125  math500 mean@32 0.500"
    assert figures({"val-core/aime25/acc/mean@32": None}) == ""


def test_the_sweep_display_shows_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    run = RunStatus("t0000-s1", "title", "path", "running", step=3, steps=9, alarms=("saturated",))
    with Reporter(parallel=1) as reporter:
        reporter.observe(Progress("s", "A study", 1, 0, 0, (), (run,), stopping=False))
        assert "; t0000-s1 saturated" in capsys.readouterr().err
        reporter._console.print(reporter._screen(Progress("s", "A study", 1, 0, 0, (), (run,), stopping=False)))
    assert "saturated" in capsys.readouterr().err
