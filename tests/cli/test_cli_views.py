"""The commands that only look: dry run, preview, methods, plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.cli.main import main
from harness.config import RunConfig
from harness.methods import METHODS

LINEAR = ["schedule=linear", "schedule.start=0.5", "schedule.end=0.2"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dry_run_prints_the_resolved_configuration_and_makes_nothing(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--dry-run", "method=entrocraft", *LINEAR, "trainer.steps=70"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["schedule"]["horizon"] == 70
    assert printed["run"]["dir"].startswith("runs/entrocraft-linear-")
    assert RunConfig.from_dict(printed).trainer.steps == 70
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["band.png", "deep/er/band.pdf"])
def test_a_preview_prints_and_draws_the_band(name: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*LINEAR, "trainer.steps=120", "schedule.width=0.1", "schedule.horizon=150", "--out", name]
    assert main(["schedule", "preview", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "linear, progress=paper, horizon 150, run of 120 steps" in printed
    assert "     1   0.450   0.500   0.550" in printed
    assert (elsewhere / name).stat().st_size > 5000


def test_every_method_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 0
    shown = capsys.readouterr().out
    assert main(["methods", "--format", "md"]) == 0
    markdown = capsys.readouterr().out
    for name in METHODS:
        assert name in shown and f"| {name} |" in markdown


def test_a_plan_lists_the_trials_with_overrides_for_all(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "study=demo", "study.seeds=[4,5]", "trainer.steps=9", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "seeds 4, 5" in printed
    assert "  GRPO: trainer.steps=9 method=grpo" in printed
    assert list(elsewhere.iterdir()) == []


def test_status_of_nothing_says_how_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "entrocraft sweep study=demo" in capsys.readouterr().out
