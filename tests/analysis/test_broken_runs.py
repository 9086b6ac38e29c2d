"""Broken input: the run is excluded or partial, with the reason; no number changes silently."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import SyntheticRun, linear, record, write_run, write_samples

from analysis import compare, load_runs, summary_sentences, tracking

STEPS = 30
RUN = SyntheticRun({"name": "grpo"}, 1, np.linspace(0.6, 0.2, STEPS), linear(0.6, 0.2), correct={STEPS: [1, 2]})


def append(text: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        with (run / "metrics.jsonl").open("a") as file:
            file.write(text)

    return change


def without_line(number: int) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
        (run / "metrics.jsonl").write_text("".join(lines[: number - 1] + lines[number:]))

    return change


def manifest_with(**fields: Any) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        content = json.loads((run / "manifest.json").read_text()) | fields
        (run / "manifest.json").write_text(json.dumps(content))

    return change


def samples_with(edit: Callable[[str], str]) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        path = run / "samples" / f"step_{STEPS:06d}.jsonl"
        path.write_text(edit(path.read_text()))

    return change


OTHER_SCHEMA = json.dumps({"schema": 2, "step": STEPS, "attempt": 2, "time": 0, "data": {}}) + "\n"

EXCLUDED = {
    "no manifest": (lambda run: (run / "manifest.json").unlink(), "has a manifest.json"),
    "manifest cut": (lambda run: (run / "manifest.json").write_text('{"schema": 1'), "must be JSON"),
    "manifest schema": (manifest_with(schema=2), "must have schema 1; got 2"),
    "unknown state": (manifest_with(state="asleep"), "asleep"),
    "no method": (manifest_with(config={"seed": 1}), "not of its schema.*method"),
    "unknown schedule": (manifest_with(schedule={"form": "spline"}), "not of its schema"),
    "failed": (
        manifest_with(state="failed", reason="entropy is NaN at step 3"),
        "failed: entropy is NaN at step 3",
    ),
    "no metrics": (lambda run: (run / "metrics.jsonl").unlink(), "no metrics"),
    "empty metrics": (lambda run: (run / "metrics.jsonl").write_text(""), "no metrics"),
    "only a truncated line": (lambda run: (run / "metrics.jsonl").write_text('{"sch'), "no complete record"),
    "duplicate step": (append(record(7, {"actor/entropy": 0.1})), "step 7 is recorded twice by attempt 1"),
    "mixed schema": (append(OTHER_SCHEMA), f"line {STEPS + 1} of metrics.jsonl has schema 2"),
    "not JSON": (append("\0\0\0\n"), f"line {STEPS + 1} of metrics.jsonl is not JSON"),
    "text for a number": (append(record(STEPS, {"a": "x"}, 2)), "a = 'x', not a number"),  # type: ignore[dict-item]
    "a step beyond the horizon": (
        append(record(STEPS + 5, {})),
        f"goes to step {STEPS + 5}, the manifest to {STEPS}",
    ),
}

PARTIAL = {
    "truncated last line": (append('{"schema": 1, "st'), "last line of metrics.jsonl is truncated"),
    "missing step": (without_line(7), "steps missing: 7"),
    "missing steps at the end": (without_line(STEPS), f"complete at step {STEPS - 1} of {STEPS}"),
    "stopped": (manifest_with(state="stopped"), f"stopped at step {STEPS} of {STEPS}"),
    "running": (manifest_with(state="running"), "running at step"),
    "empty samples": (samples_with(lambda text: ""), "samples of step 30 left out: the file is empty"),
    "truncated samples": (samples_with(lambda text: text[:-9]), "the last line is truncated"),
    "sample twice": (samples_with(lambda text: text + text.splitlines()[0] + "\n"), "is there twice"),
    "sample missing": (samples_with(lambda text: text.split("\n", 1)[1]), "have 7 to 8 samples, not one n"),
    "sample ungraded": (samples_with(lambda text: text.replace("true", "null", 1)), "neither true nor false"),
    "sample of another step": (samples_with(lambda text: text.replace(": 30,", ": 29,", 1)), "step 29"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXCLUDED)
def test_excluded_with_its_reason(name: str, tmp_path: Path) -> None:
    change, reason = EXCLUDED[name]
    write_run(tmp_path / "good", SyntheticRun({"name": "clip_higher"}, 1, RUN.entropy))
    change(write_run(tmp_path / "bad", RUN))
    runs = load_runs(tmp_path)
    assert list(runs.runs["run"]) == ["good"]
    assert list(runs.excluded["run"]) == ["bad"]
    assert re.search(reason, runs.excluded["reason"].iloc[0])
    assert set(runs.steps["run"]) == {"good"}
    assert not len(runs.samples)


@pytest.mark.parametrize("name", PARTIAL)
def test_partial_with_its_reason(name: str, tmp_path: Path) -> None:
    change, reason = PARTIAL[name]
    change(write_run(tmp_path / "a", RUN))
    runs = load_runs(tmp_path)
    assert reason in runs.runs["partial"].iloc[0]
    assert reason in compare(runs)["notes"].iloc[0]


def test_a_whole_run_is_not_partial(tmp_path: Path) -> None:
    write_run(tmp_path / "a", RUN)
    assert list(load_runs(tmp_path).runs["partial"]) == [""]


@pytest.mark.parametrize("lost", [27, STEPS])
def test_a_run_with_a_gap_has_no_tracking_error(lost: int, tmp_path: Path) -> None:
    without_line(lost)(write_run(tmp_path / "a", RUN))
    row = tracking(load_runs(tmp_path)).iloc[0]
    assert np.isnan(row["tracking_error"]) and np.isnan(row["entropy_final"])
    assert row["entropy_start"] == RUN.entropy[0]


def test_a_damaged_validation_is_left_out_whole(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", RUN)
    write_samples(run, 20, [3, 3], 8)
    samples_with(lambda text: text[:-9])(run)
    assert set(load_runs(tmp_path).samples["step"]) == {20}


def test_the_same_configuration_and_seed_counts_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name, RUN)
    runs = load_runs(tmp_path)
    assert list(runs.runs["run"]) == ["a"]
    assert runs.excluded["reason"].iloc[0] == "repeats a: the same configuration and seed 1"


def test_a_study_without_a_usable_run_still_gives_its_frames(tmp_path: Path) -> None:
    (write_run(tmp_path / "a", RUN) / "manifest.json").unlink()
    runs = load_runs(tmp_path)
    assert len(runs.excluded) == 1 and not len(runs.runs) and not len(runs.steps)
    frame = compare(runs)
    assert not len(frame)
    assert summary_sentences(frame) == ["No run could be used."]


def test_samples_from_before_a_run_was_taken_back_are_not_read(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", RUN)
    later = (run / f"samples/step_{STEPS:06d}.jsonl").read_text().replace(f'"step": {STEPS}', f'"step": {STEPS + 10}')
    (run / f"samples/step_{STEPS + 10:06d}.jsonl").write_text(later)
    runs = load_runs(tmp_path)
    assert set(runs.samples["step"]) == {STEPS}
    assert not runs.runs["partial"].iloc[0]
