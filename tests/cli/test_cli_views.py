"""The commands that only look: dry run, preview, methods, plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.cli.main import main
from harness.cli.run_folder import open_run, placed
from harness.config import RunConfig, resolve
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


def test_a_dry_run_refuses_a_misspelt_key_in_the_space(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(elsewhere, "trainer.lrr")
    assert main(["sweep", "study=drawn.yaml", "--dry-run"]) == 2
    error = capsys.readouterr().err
    assert "trial 'trainer.lrr=0.0001'" in error and "Did you mean 'lr'?" in error


def test_an_override_of_what_a_trial_draws_is_refused(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(elsewhere, "trainer.lr")
    assert main(["sweep", "study=drawn.yaml", "--dry-run", "trainer.steps=5"]) == 0
    assert "3 drawn by random over trainer.lr" in capsys.readouterr().out
    assert main(["sweep", "study=drawn.yaml", "--dry-run", "trainer.lr=5e-4"]) == 2
    assert "must not change what a trial sets itself; got 'trainer.lr=5e-4'" in capsys.readouterr().err


def drawn(folder: Path, key: str) -> None:
    """A study that draws one key."""
    objective = {"metric": "acc", "direction": "maximize"}
    space = {key: {"low": 1e-4, "high": 1e-3, "log": True}}
    study = {"name": "drawn", "title": "Drawn", "seeds": [1], "sampler": "random", "n_trials": 3}
    (folder / "drawn.yaml").write_text(yaml.safe_dump({**study, "objective": objective, "space": space}))


def test_a_damaged_study_is_shown_with_a_note_and_hides_nothing(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "studies" / "damaged").mkdir(parents=True)
    (elsewhere / "studies" / "damaged" / "study.json").write_text("{")
    open_run(placed(resolve(["run.dir=runs/whole"])))
    for paths in ([], ["studies/damaged", "runs/whole"]):
        assert main(["status", *paths]) == 0
        shown = capsys.readouterr().out
        assert "shown from its folders: " in shown and "readable study.json" in shown and "whole" in shown


def test_status_of_nothing_says_how_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "entrocraft sweep study=demo" in capsys.readouterr().out
