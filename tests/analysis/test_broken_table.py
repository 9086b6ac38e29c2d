"""Broken input, from the file to the comparison table: told, and no number that is neither the right one nor absent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import SyntheticRun, linear, record, write_run, write_samples

from analysis import compare, load_runs

STEPS, EARLIER, N = 30, 20, 4
COUNTS = {EARLIER: [1, 0, 2], STEPS: [4, 3, 2]}
RUN = SyntheticRun({"name": "grpo"}, 1, np.linspace(0.6, 0.2, STEPS).tolist(), linear(0.6, 0.2), correct=COUNTS, n=N)
CHECKED = ("mean@n", "pass@4", "entropy_start", "entropy_final", "tracking_error")
SAMPLES = f"samples/step_{STEPS:06d}.jsonl"

Change = Callable[[Path], None]


def edited(name: str, change: Callable[[list[str]], list[str]]) -> Change:
    def edit(run: Path) -> None:
        lines = (run / name).read_text().splitlines(keepends=True)
        (run / name).write_text("".join(change(lines)))

    return edit


def metric(step: int, text: str) -> Change:
    """actor/entropy and control/entropy of a step become `text`, as it stands in the file."""
    return edited(
        "metrics.jsonl",
        lambda lines: [
            line.replace(str(RUN.entropy[step - 1]), text) if f'"step": {step},' in line else line for line in lines
        ],
    )


def draws(n: int) -> Change:
    def configure(run: Path) -> None:
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["config"]["validation"] = {"samples": n}
        (run / "manifest.json").write_text(json.dumps(manifest))

    return configure


def both(*changes: Change) -> Change:
    return lambda run: [change(run) for change in changes] and None


def without_tokens(run: Path) -> None:
    edited(SAMPLES, lambda lines: [lines[0].replace('"output": "3"', '"output": ""'), *lines[1:]])(run)


# name: (damage, what is told, what becomes of the numbers)
#   "excluded": no row; "same": every number as without the damage; "earlier": those of the validation before, which the
#   table says; "no tracking": the numbers that need every step are absent, all others the same
CASES: dict[str, tuple[Change, str, str]] = {
    "truncated metrics line": (
        edited("metrics.jsonl", lambda lines: [*lines, '{"schema": 1, "st']),
        "last line of metrics.jsonl is truncated",
        "same",
    ),
    "truncated samples line": (
        edited(SAMPLES, lambda lines: [*lines[:-1], lines[-1][:-9]]),
        "samples of step 30 left out: the last line is truncated",
        "earlier",
    ),
    "samples cut between lines": (
        edited(SAMPLES, lambda lines: lines[:-1]),
        "have 3 to 4 samples, not one n",
        "earlier",
    ),
    "a problem cut off": (
        edited(SAMPLES, lambda lines: lines[:-N]),
        "samples of step 30 are of 2 problems, of 3 at other steps",
        "told",
    ),
    "NaN in the metrics": (metric(25, "null"), "actor/entropy is not finite at steps 25", "no tracking"),
    "the word NaN in the metrics": (metric(25, "NaN"), "line 25 of metrics.jsonl is not JSON", "excluded"),
    "NaN in the samples": (
        edited(SAMPLES, lambda lines: [lines[0].replace('"score": 1.0', '"score": NaN'), *lines[1:]]),
        "line 1 is not JSON",
        "earlier",
    ),
    "missing step": (
        edited("metrics.jsonl", lambda lines: lines[:24] + lines[25:]),
        "steps missing: 25",
        "no tracking",
    ),
    "duplicate step": (
        edited("metrics.jsonl", lambda lines: [*lines, record(7, {"actor/entropy": 9.0})]),
        "step 7 is recorded twice by attempt 1",
        "excluded",
    ),
    "duplicate sample": (edited(SAMPLES, lambda lines: [*lines, lines[0]]), "is there twice", "earlier"),
    "another n at one step": (
        both(draws(N), lambda run: write_samples(run, STEPS, [2, 2, 1], 2) and None),
        "samples of step 30 left out: n = 2, the configuration draws 4",
        "earlier",
    ),
    "another n throughout": (draws(32), "samples of step 30 left out: n = 4, the configuration draws 32", "no samples"),
    "mixed schema versions": (
        edited(
            "metrics.jsonl", lambda lines: [*lines[:9], lines[9].replace('"schema": 1', '"schema": 2'), *lines[10:]]
        ),
        "line 10 of metrics.jsonl has schema 2",
        "excluded",
    ),
    "empty dump": (edited(SAMPLES, lambda lines: []), "samples of step 30 left out: the file is empty", "earlier"),
    "a dump of zeros": (
        lambda run: (run / SAMPLES).write_bytes(bytes(4096)) and None,
        "the last line is truncated",
        "earlier",
    ),
    "response of 0 tokens": (without_tokens, "1 of 24 samples have an empty response, first at step 30", "same"),
}


def numbers(root: Path) -> dict[str, Any]:
    (row,) = compare(load_runs(root), metrics=("mean@n", "pass@4")).to_dict("records")
    return row


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("whole")
    write_run(root / "run", RUN)
    return numbers(root)


def test_the_undamaged_run_says_nothing(whole: dict[str, Any]) -> None:
    assert whole["notes"] == "" and whole["step"] == STEPS
    assert whole["mean@n"] == pytest.approx(9 / 12) and not np.isnan([whole[name] for name in CHECKED]).any()


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_told_and_changes_no_number_silently(name: str, whole: dict[str, Any], tmp_path: Path) -> None:
    damage, told, outcome = CASES[name]
    damage(write_run(tmp_path / "run", RUN))
    runs = load_runs(tmp_path)
    if outcome == "excluded":
        assert told in runs.excluded["reason"].iloc[0] and not len(compare(runs))
        return
    row = numbers(tmp_path)
    assert told in row["notes"]
    wanted = {key: whole[key] for key in CHECKED}
    if outcome == "no tracking":
        wanted |= {"tracking_error": np.nan}  # the final entropy is of steps 26 to 30
    if outcome == "earlier":
        assert row["step"] == EARLIER
        wanted |= {"mean@n": sum(COUNTS[EARLIER]) / 12, "pass@4": 2 / 3}
    if outcome == "no samples":
        wanted |= {"mean@n": np.nan, "pass@4": np.nan}
    if outcome == "told":
        assert row["problems"] == 2
        wanted |= {"mean@n": 7 / 8, "pass@4": 1.0}
    np.testing.assert_array_almost_equal([row[key] for key in CHECKED], [wanted[key] for key in CHECKED], decimal=12)
