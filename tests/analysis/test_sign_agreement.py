from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import SyntheticRun, record, write_run

from analysis import load_runs, sign_agreement

ENTROPY = [0.6, 0.5, 0.55, 0.4, 0.4, 0.3]  # changes: -, +, -, 0, -


def write(folder: Path, predicted: list[float], entropy: list[float] = ENTROPY) -> None:
    write_run(folder, SyntheticRun({"name": "grpo"}, 1, entropy))
    lines = [
        record(step, {"actor/entropy": h, "rollouts/first_order_change": p, "tokens/above": 0.75})
        for step, (h, p) in enumerate(zip(entropy, predicted, strict=True), start=1)
    ]
    (folder / "metrics.jsonl").write_text("".join(lines))


def test_the_sign_of_a_step_against_the_next_ones_entropy(tmp_path: Path) -> None:
    write(tmp_path / "a", [-1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
    row = sign_agreement(load_runs(tmp_path)).iloc[0]
    assert (
        row["prediction"] == "first order" and row["steps"] == 4
    )  # without the step that changed nothing, and the last
    assert row["agreement"] == pytest.approx(2 / 4) and row["fell"] == pytest.approx(3 / 4)
    assert row["tokens/above"] == 0.75


def test_a_prediction_of_nothing_is_none(tmp_path: Path) -> None:
    write(tmp_path / "a", [0.0, -1.0, -1.0, -1.0, -1.0, -1.0])
    row = sign_agreement(load_runs(tmp_path)).iloc[0]
    assert row["steps"] == 3 and row["agreement"] == pytest.approx(2 / 3)


def test_a_step_without_its_next_one_has_no_change(tmp_path: Path) -> None:
    write(tmp_path / "a", [-1.0] * 6)
    lines = (tmp_path / "a/metrics.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "a/metrics.jsonl").write_text("".join(lines[:2] + lines[3:]))  # step 3 is missing
    assert sign_agreement(load_runs(tmp_path)).iloc[0]["steps"] == 2  # 1 -> 2 and 5 -> 6


def test_runs_that_do_not_log_it_have_no_row(tmp_path: Path) -> None:
    write_run(tmp_path / "a", SyntheticRun({"name": "grpo"}, 1, ENTROPY))
    assert sign_agreement(load_runs(tmp_path)).empty
