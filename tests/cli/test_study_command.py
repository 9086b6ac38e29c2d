"""`entrocraft study show`."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from harness.cli.main import main
from harness.config.study import StudyConfig
from sweeps.folder import StudyFolder

YAML = """
name: s
title: Schedules
base: [method=entrocraft, schedule.start=0.4]
seeds: [1, 2]
objective: {metric: acc, direction: maximize}
sampler: grid
space:
  schedule: {choices: [constant, linear, cosine]}
  schedule.end: {low: 0.2, high: 0.4, step: 0.2, when: {schedule: [linear, cosine]}}
  method.gamma: {low: 10, high: 20, step: 10, or: [0, .inf]}
constraints: ["method.gamma > 0"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(YAML)
    return path


def test_the_space_is_printed_as_a_table_with_the_size_of_its_grid(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "show", f"study={path}"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "objective maximize acc",
        "seeds 1, 2; 1 runs at a time",
        "base method=entrocraft schedule.start=0.4",
        "schedule.end range 0.2 to 0.4, step 0.2 schedule in linear, cosine",
        "method.gamma whole range 10 to 20, step 10, or 0, inf -",
        "constraint method.gamma > 0",
        # (constant + 2 families x 2 ends) x 3 gammas; a line or a cosine from 0.4 to 0.4 is the constant
        "grid 15 distinct points, 6 of them the same run as another",
    ):
        assert line in lines


def test_a_continuous_space_has_no_grid(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["study.sampler=random", "study.n_trials=5", "study.space.schedule\\.end.step=null"]
    path.write_text(YAML.replace("step: 0.2, when", "when"))
    assert main(["study", "show", f"study={path}", *changes[:2]]) == 0
    printed = capsys.readouterr().out
    assert "none: continuous in schedule.end" in printed and "random, 5 trials" in printed


def test_the_folder_of_a_study_shows_what_is_frozen_in_it(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["study", "show", f"study={path}", "--json", "--no-compare"])
    shown = orjson.loads(capsys.readouterr().out)
    assert shown["grid"] == {"points": 15, "at_least": False, "same": None, "continuous": []}
    study = StudyConfig.from_dict(shown["study"])
    StudyFolder(tmp_path / "study").freeze({"study": study.to_dict(), "points": []})
    assert main(["study", "show", str(tmp_path / "study"), "--json", "--no-compare"]) == 0
    assert orjson.loads(capsys.readouterr().out) == shown
    assert main(["study", "show", str(tmp_path / "study"), "study.parallel=3"]) == 2
    assert "takes one folder, or study=NAME" in capsys.readouterr().err


def test_infinity_that_an_older_version_froze_as_null_is_no_change(tmp_path: Path) -> None:
    new = {"study": {"name": "s", "title": "S", "seeds": [1], "space": {"g": {"choices": [1, "inf"]}}}}
    old = {"study": {**new["study"], "space": {"g": {"choices": [1, None]}}}}
    StudyFolder(tmp_path).freeze(old)
    StudyFolder(tmp_path).freeze(new)
    assert StudyFolder(tmp_path).definition()["study"]["space"] == {"g": {"choices": [1, None]}}
