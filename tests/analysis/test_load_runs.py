"""Reading run folders: what was written is what comes back."""

import os
from pathlib import Path

import numpy as np
import pytest
from synthetic import SyntheticRun, linear, manifest, record, write_run

from analysis import Runs, load_runs
from harness.errors import RunFolderError
from harness.runs import RunFolder

ENTROPY = np.linspace(0.6, 0.2, 30)
RUN = SyntheticRun({"name": "grpo"}, 1, ENTROPY, correct={30: [0, 3, 8]})


def only(root: Path) -> Runs:
    runs = load_runs(root)
    assert len(runs.runs) == 1, runs.excluded
    return runs


def test_steps_and_samples_come_back(tmp_path: Path) -> None:
    write_run(tmp_path / "a", RUN)
    runs = only(tmp_path)
    np.testing.assert_array_equal(runs.steps["step"], np.arange(1, 31))
    np.testing.assert_array_equal(runs.steps["actor/entropy"], ENTROPY)
    counts = runs.samples.groupby("problem_id")["correct"].sum()
    assert list(counts) == [0, 3, 8]
    assert list(runs.samples.columns[:6]) == ["run", "step", "source", "problem_id", "sample", "correct"]
    assert set(runs.steps["run"]) == set(runs.samples["run"]) == {"a"}


def test_a_row_describes_the_run(tmp_path: Path) -> None:
    method = {"name": "entrocraft", "gamma": "inf", "base": "gspo"}
    write_run(tmp_path / "a", SyntheticRun(method, 7, ENTROPY, linear(0.5, 0.2, width=0.1)))
    row = only(tmp_path).runs.iloc[0]
    assert row["label"] == "Entrocraft on GSPO linear 0.5→0.2 ±0.05, \N{GREEK SMALL LETTER GAMMA}=∞"
    assert (row["method"], row["schedule"], row["seed"], row["state"]) == (
        "entrocraft",
        "linear",
        7,
        "complete",
    )
    assert row["gamma"] == float("inf")
    assert (row["steps"], row["last_step"], row["partial"]) == (30, 30, "")
    assert row["commit"] == "0" * 40 and not row["dirty"]
    assert row["config.trainer.lr"] == 1e-4
    assert row["config.method.gamma"] == "inf"


def test_a_run_a_study_and_a_folder_of_studies_are_read_alike(tmp_path: Path) -> None:
    run = write_run(tmp_path / "studies" / "demo" / "runs" / "t0000-s1", RUN)
    for path, name in ((run, "t0000-s1"), (tmp_path / "studies" / "demo", "runs/t0000-s1"),
                       (tmp_path, "studies/demo/runs/t0000-s1")):  # fmt: skip
        assert list(only(path).runs["run"]) == [name]
        assert list(only(path).runs["folder"]) == [str(run)]


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    run = write_run(tmp_path / "scratch" / "a", RUN)
    os.symlink(run, tmp_path / "scratch" / "b")
    os.symlink(tmp_path, tmp_path / "scratch" / "loop")
    assert list(only(tmp_path / "scratch").runs["run"]) == ["a"]


def test_a_replayed_step_is_that_of_the_last_attempt(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", RUN)
    with (run / "metrics.jsonl").open("a") as file:
        file.writelines(record(step, {"actor/entropy": 9.0}, attempt=2) for step in (29, 30))
    steps = only(tmp_path).steps
    assert list(steps["attempt"][-3:]) == [1, 2, 2]
    assert list(steps["actor/entropy"][-3:]) == [ENTROPY[27], 9.0, 9.0]
    assert len(steps) == 30


def test_null_is_nan(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", RUN)
    (run / "metrics.jsonl").write_text("".join(record(s, {"actor/entropy": None}) for s in range(1, 31)))
    assert only(tmp_path).steps["actor/entropy"].isna().all()


def test_reads_what_the_harness_writes(tmp_path: Path) -> None:
    config = manifest(tmp_path, RUN)["config"]
    config["trainer"] = {"steps": 2, "threads": 1, "device": "cpu"}
    folder = RunFolder.create(tmp_path / "a", config)
    attempt = folder.begin_attempt(0)
    for step in (1, 2):
        folder.append_metrics(step, {"actor/entropy": 0.5 / step}, attempt)
    row = {"step": 2, "problem_id": "p", "source": "countdown", "sample": 0, "correct": True, "score": 1.0,
           "prediction": None, "input": "i", "output": "o"}  # fmt: skip
    folder.write_samples(2, [row])
    runs = only(tmp_path)
    assert list(runs.steps["actor/entropy"]) == [0.5, 0.25]
    assert runs.runs["partial"].iloc[0] == "running at step 2 of 2"
    assert runs.samples["correct"].tolist() == [True]


def test_settings_that_differ_are_told_in_the_label(tmp_path: Path) -> None:
    for lr in (1e-4, 3e-4):
        for seed in (1, 2):
            write_run(tmp_path / f"{lr}-{seed}", SyntheticRun({"name": "grpo"}, seed, ENTROPY, trainer={"lr": lr}))
    labels = load_runs(tmp_path).runs["label"]
    assert sorted(labels.unique()) == ["GRPO (lr=0.0001)", "GRPO (lr=0.0003)"]


def test_a_seed_that_follows_the_seed_is_no_setting(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_run(tmp_path / f"{seed}", SyntheticRun({"name": "grpo"}, seed, ENTROPY, trainer={"seed": seed}))
    assert list(load_runs(tmp_path).runs["label"]) == ["GRPO", "GRPO"]


def test_a_method_of_another_version_keeps_its_name(tmp_path: Path) -> None:
    write_run(tmp_path / "a", SyntheticRun({"name": "not_yet"}, 1, ENTROPY))
    assert list(only(tmp_path).runs["label"]) == ["not_yet"]


def test_refuses_a_path_without_runs(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="none below"):
        load_runs(tmp_path)
    with pytest.raises(RunFolderError, match="read from a folder"):
        load_runs(tmp_path / "absent")
