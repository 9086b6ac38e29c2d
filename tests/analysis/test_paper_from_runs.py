"""The audit from runs: the same rules over measured cells, and rules over curves, each made to hold and to fail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from paper_runs import ANSWERS, write_paper_run

from analysis import load_runs
from analysis.paper import TABLES, audit, load_paper
from analysis.paper.audit import CLAIMS
from analysis.paper.cells import BENCHMARKS
from analysis.paper.curves import Curve
from analysis.paper.measured import Counts
from analysis.paper.which import FAMILIES, HIGH, LONG, SIGNS, Which

PAPER = load_paper()
BY_NAME = {claim.name: claim for claim in CLAIMS}
SHARED = ("MATH-500", "AMC-23", "AIME-25")


def alike(right: Mapping[str, int]) -> dict[str, list[int]]:
    """So many right answers to every problem of a benchmark."""
    return {title: [count] * BENCHMARKS[title].problems for title, count in right.items()}


def verdicts(folder: Path) -> pd.DataFrame:
    frame = audit(PAPER, load_runs(folder))
    return frame[frame["source"] == "runs"].set_index("claim")


@pytest.mark.parametrize(("ours", "verdict"), [(9, "holds"), (8, "does not hold"), (7, "does not hold")])
def test_a_comparison_of_runs(ours: int, verdict: str, tmp_path: Path) -> None:
    rows = TABLES[7].rows
    base = {title: [8] * 4 + [0] * (BENCHMARKS[title].problems - 4) for title in SHARED}
    mine = {title: [ours] * (ours - 4) + [0] * (BENCHMARKS[title].problems - ours + 4) for title in SHARED}
    write_paper_run(tmp_path / "a", rows["GRPO"].experiment, {101: base})
    write_paper_run(tmp_path / "b", rows["GRPO + Entrocraft"].experiment, {101: mine})
    frame = verdicts(tmp_path)
    assert frame.loc["improves-qwen3-8b-base", "verdict"] == verdict
    others = frame.drop("improves-qwen3-8b-base")
    assert (others["verdict"] == "cannot be decided").all()  # their runs are not there
    assert "no run of paper/grpo_14b_full" in others.loc["improves-qwen3-14b-base", "numbers"]


def test_the_paper_and_the_runs_stand_beside_each_other(tmp_path: Path) -> None:
    write_paper_run(tmp_path / "a", TABLES[7].rows["GRPO"].experiment, {101: alike({"AIME-25": 3})})
    frame = audit(PAPER, load_runs(tmp_path))
    alone = audit(PAPER)
    pd.testing.assert_frame_equal(frame[frame["source"] == "paper"].reset_index(drop=True), alone)
    asked = {claim.name for claim in CLAIMS if claim.kind == "sentence" and not claim.computed}
    assert set(frame.loc[frame["source"] == "runs", "claim"]) == asked


@pytest.mark.parametrize("option", ["advantage", "zero_variance", "denominator"])
def test_an_ingredient_of_the_release_makes_no_run_of_the_paper(option: str, tmp_path: Path) -> None:
    ours, value = LONG["GRPO + Entrocraft"], {"denominator": "all"}.get(option, "raw")
    write_paper_run(tmp_path / "paper", ours.experiment, {})
    write_paper_run(tmp_path / "mixed", ours.experiment, {}, seed=2, changes={"method": {option: value}})
    older = write_paper_run(tmp_path / "older", ours.experiment, {}, seed=3)
    manifest = json.loads((older / "manifest.json").read_text())
    del manifest["config"]["method"][option]
    (older / "manifest.json").write_text(json.dumps(manifest))
    assert sorted(ours.of(load_runs(tmp_path))["run"]) == ["older", "paper"]


def test_clip_cov_drops_in_runs_of_table_3(tmp_path: Path) -> None:
    counts = {step: alike({"MATH-500": right, "AIME-25": right}) for step, right in ((295, 10), (390, 9))}
    write_paper_run(tmp_path / "a", LONG["GRPO + Clip-Cov"].experiment, counts)
    found = verdicts(tmp_path).loc["clip-cov-drops"]
    assert found["verdict"] == "holds"
    assert "AIME-25 mean@32 at 300K / 400K 31.2 / 28.1" in found["numbers"]
    spread = (2 * (31.25 * 68.75 + 28.125 * 71.875) / 2 / 31 / 30) ** 0.5  # answers: binomial with the unbiased n - 1
    assert f"error of {spread:.1f} over answers and 0.0 over problems" in found["error"]


def test_linear_against_cosine(tmp_path: Path) -> None:
    titles = ("MATH-500", "AIME-25", "AIME-26")
    for place, (row, right) in enumerate({"Fixed target": 4, "Linear": 6, "Cosine": 5}.items()):
        write_paper_run(tmp_path / f"t{place}", FAMILIES[row].experiment, {444: alike(dict.fromkeys(titles, right))})
    frame = verdicts(tmp_path)
    assert frame.loc["linear-slightly-better", "verdict"] == "holds"
    assert frame.loc["linear-best", "verdict"] == "holds"


def test_answers_are_counted_before_they_are_compared(tmp_path: Path) -> None:
    rows = TABLES[7].rows
    for place, row in enumerate(rows):
        counts = {101: alike(dict.fromkeys(SHARED, 4))}
        write_paper_run(tmp_path / f"t{place}", rows[row].experiment, counts, answers=ANSWERS // 2)
    found = verdicts(tmp_path).loc["improves-qwen3-8b-base"]
    assert found["verdict"] == "cannot be decided" and "16 answers a problem" in found["numbers"]


def still(level: float, noise: float, steps: int = 444) -> np.ndarray:
    """Entropy at a level, up and down by `noise` in turn."""
    return level + noise * (-1.0) ** np.arange(steps)


def wild_at_the_end(level: float, noise: float, steps: int = 444) -> np.ndarray:
    curve = still(level, 0.01, steps)
    curve[-steps // 3 :] = still(level, noise, steps)[-steps // 3 :]
    return curve


def fall(start: float, end: float, steps: int = 444) -> np.ndarray:
    return np.linspace(start, end, steps)


GRPO, OURS, CLIP_COV = LONG["GRPO"], LONG["GRPO + Entrocraft"], LONG["GRPO + Clip-Cov"]
BAND = fall(0.65, 0.15)
"""Middle of the released band of the long linear run."""
Curves = Sequence[tuple[Which, np.ndarray | None]]
"""Entropy of a run of each; None: the middle of the released cosine band."""
CASES: list[tuple[str, Curves, Curves]] = [
    ("few-steps", [(OURS, BAND)], [(OURS, BAND + 0.2)]),
    ("grpo-entropy-falls", [(GRPO, fall(0.6, 0.1))], [(GRPO, fall(0.6, 0.5))]),
    ("collapse-in-few-steps", [(GRPO, np.r_[0.6, 0.2, fall(0.2, 0.1, 442)])], [(GRPO, fall(0.6, 0.1))]),
    ("positive-lowers-entropy", [(SIGNS["RAFT++"], fall(0.6, 0.1))], [(SIGNS["RAFT++"], fall(0.6, 0.9))]),
    ("negative-raises-entropy", [(SIGNS["NSR"], fall(0.6, 0.9))], [(SIGNS["NSR"], fall(0.6, 0.1))]),
    ("clip-cov-explodes", [(CLIP_COV, fall(0.6, 1.2))], [(CLIP_COV, fall(0.6, 0.5))]),
    ("target-held", [(HIGH["Target .8"], still(0.8, 0.04))], [(HIGH["Target .8"], still(0.8, 0.06))]),
    (
        "clipping-reduces-changes",
        [(GRPO, still(0.6, 0.02)), (CLIP_COV, still(0.6, 0.01))],
        [(GRPO, still(0.6, 0.01)), (CLIP_COV, still(0.6, 0.02))],
    ),
    (
        "constant-unstable",
        [(HIGH["Band .6 to .7"], wild_at_the_end(0.65, 0.1)), (HIGH["Target .8"], still(0.8, 0.01))],
        [(HIGH["Band .6 to .7"], still(0.65, 0.1)), (HIGH["Target .8"], still(0.8, 0.1))],
    ),
    (
        "high-entropy-unstable",
        [(HIGH["Band .6 to .7"], still(0.65, 0.01)), (HIGH["Target .8"], wild_at_the_end(0.8, 0.1))],
        [(HIGH["Band .6 to .7"], wild_at_the_end(0.65, 0.1)), (HIGH["Target .8"], still(0.8, 0.01))],
    ),
    (
        "accurate-curves",
        [(FAMILIES["Fixed target"], still(0.5, 0.01)), (FAMILIES["Linear"], BAND), (FAMILIES["Cosine"], None)],
        [(FAMILIES["Fixed target"], still(0.6, 0.01)), (FAMILIES["Linear"], BAND), (FAMILIES["Cosine"], None)],
    ),
    (
        "fixed-target-fluctuates",
        [
            (FAMILIES["Fixed target"], wild_at_the_end(0.5, 0.1)),
            (FAMILIES["Linear"], BAND),
            (FAMILIES["Cosine"], BAND),
        ],
        [
            (FAMILIES["Fixed target"], still(0.5, 0.0)),
            (FAMILIES["Linear"], still(0.3, 0.1)),
            (FAMILIES["Cosine"], BAND),
        ],
    ),
    (
        "others-unstable",
        [(OURS, BAND), (CLIP_COV, still(0.6, 0.1)), (LONG["GRPO + Clip-Higher"], still(0.6, 0.1))],
        [(OURS, still(0.3, 0.1)), (CLIP_COV, still(0.6, 0.2)), (LONG["GRPO + Clip-Higher"], BAND)],
    ),
]


def cosine_middle() -> np.ndarray:
    done = (1 - np.cos(np.pi * np.linspace(0, 1, 444))) / 2
    return 0.65 - 0.5 * done


@pytest.mark.parametrize(("claim", "holding", "failing"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_over_curves_holds_and_fails(claim: str, holding: Curves, failing: Curves, tmp_path: Path) -> None:
    for name, curves, verdict in (("yes", holding, "holds"), ("no", failing, "does not hold")):
        for place, (which, curve) in enumerate(curves):
            entropy = cosine_middle() if curve is None else curve
            write_paper_run(tmp_path / name / f"t{place}", which.experiment, {}, entropy=entropy)
        found = BY_NAME[claim].from_runs(Counts(load_runs(tmp_path / name)))
        assert found.verdict == verdict, found.numbers
        assert "(1 runs)" in found.numbers and "not known" in found.error


def test_sides_of_the_samples_and_seconds_a_step(tmp_path: Path) -> None:
    for name, sure, seconds, verdict in (("yes", 0.1, 1.0, "holds"), ("no", -0.1, 1.2, "does not hold")):
        metrics = {"actor/log_prob_positive": np.full(444, -0.5 + sure), "actor/log_prob_negative": np.full(444, -0.5)}
        write_paper_run(tmp_path / name / "a", GRPO.experiment, {}, metrics=metrics)
        slow = {"timing_s/step": np.full(444, seconds)}
        write_paper_run(tmp_path / name / "b", OURS.experiment, {}, metrics=slow)
        frame = verdicts(tmp_path / name)
        assert frame.loc["positive-samples-surer", "verdict"] == verdict
        assert frame.loc["cost-no-higher", "verdict"] == verdict


def test_a_run_that_is_not_whole_decides_no_curve(tmp_path: Path) -> None:
    write_paper_run(tmp_path / "a", GRPO.experiment, {}, steps=200)
    found = verdicts(tmp_path).loc["grpo-entropy-falls"]
    assert found["verdict"] == "cannot be decided" and "no whole run" in found["numbers"]


def test_seeds_give_the_error_of_a_curve(tmp_path: Path) -> None:
    for seed, end in ((1, 0.06), (2, 0.12)):
        write_paper_run(tmp_path / f"s{seed}", GRPO.experiment, {}, seed=seed, entropy=np.r_[0.6, np.full(443, end)])
    found = verdicts(tmp_path).loc["grpo-entropy-falls"]
    assert "GRPO 0.15 (2 runs)" in found["numbers"] and "GRPO 0.05" in found["error"]


def test_every_rule_over_curves_is_tested_here() -> None:
    tested = {case[0] for case in CASES} | {"positive-samples-surer", "cost-no-higher"}
    assert {claim.name for claim in CLAIMS if isinstance(claim.curves, Curve)} == tested
