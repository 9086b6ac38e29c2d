"""The paper's figures: every panel from runs with known numbers, in samples, and what is said of missing runs."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from paper_runs import write_paper_run
from paper_study import PROBLEMS, experiments, write_experiments, write_measurements

import paper_figures
from analysis import load_runs, osb_frame
from analysis.paper import FIGURES, PANELS, load_paper, paper_figure
from analysis.paper.cells import Cell
from analysis.paper.series import BASELINE, LIKELIHOOD, SIZES, TARGET
from analysis.runs import Runs
from analysis.sheets import PAPER, RUNS
from harness.errors import AnalysisError, ConfigError

STEP = 1024
"""Prompts of a step of the paper's runs."""
STUDIES = Path(__file__).parents[2] / "harness" / "conf" / "study"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Three seeds of every experiment, and the measurements of 2a."""
    root = tmp_path_factory.mktemp("paper")
    write_experiments(root / "runs", experiments(), seeds=3)
    write_measurements(root)
    return load_runs(root / "runs", use_cache=False)


def panel_frame(number: str, runs: Runs | None, source: str = RUNS) -> pd.DataFrame:
    frame = paper_figure(number, runs, load_paper()).frame
    return frame[frame["source"] == source]


def folders(runs: Runs, experiment: str) -> list[Path]:
    named = runs.runs[runs.runs["config.run.name"] == experiment.removeprefix("paper/")]
    return [Path(folder) for folder in named["folder"]]


def logged(folder: Path, metric: str) -> dict[int, float]:
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {record["step"]: record["data"][metric] for record in records if metric in record["data"]}


def correct(folder: Path, step: int, source: str) -> np.ndarray:
    """(problems,) right answers."""
    counted: dict[str, int] = {}
    for line in (folder / "samples" / f"step_{step:06d}.jsonl").read_text().splitlines():
        sample = json.loads(line)
        if sample["source"] == source:
            counted[sample["problem_id"]] = counted.get(sample["problem_id"], 0) + sample["correct"]
    return np.array(list(counted.values()))


def test_the_figures_are_the_papers_in_its_order_and_complete() -> None:
    assert list(FIGURES) == [str(number) for number in range(1, 8)]
    lettered = [
        (number, "".join(panel.number.removeprefix(number) for panel in each.panels))
        for number, each in FIGURES.items()
    ]
    assert lettered[1:] == [("2", "ab"), ("3", "abc"), ("4", "abcdef"), ("5", "abc"), ("6", ""), ("7", "abc")]
    assert list(PANELS) == [panel.number for figure in FIGURES.values() for panel in figure.panels]


@pytest.mark.parametrize("number", PANELS)
def test_the_study_of_a_panel_makes_all_its_runs(number: str) -> None:
    text = (STUDIES / f"{PANELS[number].study}.yaml").read_text()
    for members in PANELS[number].series.values():
        for which in members:
            assert f"experiment={which.experiment}]" in text, (number, which.experiment)


CURVES = {
    "1a": "control/entropy",
    "4a": "critic/score/mean",
    "4b": "control/entropy",
    "4c": "actor/kl_loss",
    "5a": "control/entropy",
    "6": "control/entropy",
    "7a": "control/entropy",
    "7b": "critic/score/mean",
}


@pytest.mark.parametrize("number", CURVES)
def test_curves_are_means_over_seeds_in_training_samples(number: str, runs: Runs) -> None:
    frame = panel_frame(number, runs)
    for series, (which,) in PANELS[number].series.items():
        rows = frame[(frame["series"] == series) & (frame["what"] == "")].set_index("x")
        by_seed = []
        for folder in folders(runs, which.experiment):
            found = logged(folder, CURVES[number])
            by_seed.append(found or logged(folder, "actor/entropy"))  # GRPO has no controller
        assert len(by_seed) == 3 and len(rows) == 444
        for step in (1, 200, 444):
            values = [values[step] for values in by_seed]
            row = rows.loc[step * STEP]
            assert row["value"] == pytest.approx(np.mean(values), abs=1e-12)
            assert (row["low"], row["high"], row["seeds"]) == (min(values), max(values), 3)


def test_targets_are_the_middle_of_the_band(runs: Runs) -> None:
    frame = panel_frame("4b", runs)
    target = frame[frame["what"] == TARGET].set_index(["series", "x"])["value"]
    assert target["Fixed target", 100 * STEP] == pytest.approx(0.5)
    assert target["Linear", STEP] == pytest.approx(0.65) and target["Linear", 444 * STEP] == pytest.approx(0.15)
    assert target["Cosine", 444 * STEP] == pytest.approx(0.15)
    beside = panel_frame("1a", runs)
    assert set(beside.loc[beside["what"] == TARGET, "series"]) == {"GRPO + Entrocraft"}


def test_sides_of_the_samples(runs: Runs) -> None:
    frame = panel_frame("2b", runs).set_index(["what", "x"])
    for what, metric in (("right", "actor/log_prob_positive"), ("wrong", "actor/log_prob_negative")):
        values = [logged(folder, metric)[7] for folder in folders(runs, "paper/grpo_4b_full")]
        assert frame.loc[(what, 7 * STEP), "value"] == pytest.approx(np.mean(values), abs=1e-12)


def test_the_output_space_baseline_of_checkpoints(runs: Runs) -> None:
    frame = panel_frame("2a", runs)
    assert set(frame["series"]) == {"RAFT++", "GRPO", "NSR"}
    root = Path(runs.runs.loc[runs.runs["run"] == "osb-nsr", "folder"].iloc[0]).parents[1]
    rows = frame[frame["series"] == "NSR"].set_index(["what", "x"])["value"]
    for step, file in ((0, "base"), (10, "global_step_10")):
        wanted = json.loads((root / "files" / "nsr" / f"{file}.json").read_text())["datasets"]["test"]
        assert rows[LIKELIHOOD, step] == pytest.approx(wanted["mean_log_likelihood_per_token"], rel=1e-9)
        assert rows[BASELINE, step] == pytest.approx(wanted["mean_log_osb_per_token"], rel=1e-9)
    both = frame[frame["series"] == "NSR"].set_index(["what", "x"])
    assert (both["low"] < both["value"]).all() and (both["value"] < both["high"]).all()
    measured = osb_frame(runs).set_index(["run", "step", "version"]).loc[("osb-nsr", 10, "authors")]
    assert both.loc[(BASELINE, 10), "high"] == measured["baseline_high"]
    assert both.loc[(LIKELIHOOD, 10), "low"] == measured["log_likelihood_low"]
    drawn = paper_figures.figure("2", runs)
    left, right = drawn.axes
    assert left.get_xlabel() == "training step" and right.get_xlabel() == "training samples (prompts)"
    for told in ("4 responses a checkpoint", "95 % t interval over responses", "do not tell how many prompts"):
        assert told in words(drawn)


SAMPLED = {
    "1d": "aime25",
    "4d": "math500",
    "4e": "aime25",
    "4f": "aime26",
    "5b": "math500",
    "5c": "aime25",
    "7c": "math500",
}


@pytest.mark.parametrize("number", SAMPLED)
def test_scores_over_training(number: str, runs: Runs) -> None:
    frame = panel_frame(number, runs)
    for series, (which,) in PANELS[number].series.items():
        rows = frame[frame["series"] == series].set_index("x")
        assert list(rows.index) == [step * STEP for step in (100, 195, 444)]
        for step in (100, 444):
            counts = [correct(folder, step, SAMPLED[number]) for folder in folders(runs, which.experiment)]
            assert rows.loc[step * STEP, "value"] == pytest.approx(100 * np.mean(counts) / 32, abs=1e-9)
            assert (rows.loc[step * STEP, "problems"], rows.loc[step * STEP, "n"]) == (PROBLEMS, 32)


@pytest.mark.parametrize(("number", "source"), [("1c", "aime25"), ("3b", "aime25"), ("3c", "math500")])
def test_pass_at_k_at_the_end(number: str, source: str, runs: Runs) -> None:
    frame = panel_frame(number, runs)
    for series, (which,) in PANELS[number].series.items():
        rows = frame[frame["series"] == series].set_index("x")["value"]
        assert list(rows.index) == [1, 2, 4, 8, 16, 32]
        right = np.concatenate([correct(folder, 101, source) for folder in folders(runs, which.experiment)])
        for k in (1, 8, 32):
            wanted = np.mean([1 - comb(32 - c, k) / comb(32, k) for c in right])
            assert rows[k] == pytest.approx(100 * wanted, abs=1e-9)


@pytest.mark.parametrize("number", ["1b", "3a"])
def test_scores_by_size(number: str, runs: Runs) -> None:
    frame = panel_frame(number, runs).set_index(["series", "x"])["value"]
    for series, members in PANELS[number].series.items():
        for which in members:
            size = SIZES[which.settings["model.path"]]
            step = 444 if size == 14 else 101
            counts = [correct(folder, step, "aime25") for folder in folders(runs, which.experiment)]
            assert frame[series, size] == pytest.approx(100 * np.mean(counts) / 32, abs=1e-9)


def test_every_panel_is_tested_here() -> None:
    assert {*CURVES, *SAMPLED, "1b", "1c", "2a", "2b", "3a", "3b", "3c"} == set(PANELS)


def test_every_figure_is_drawn_whole(runs: Runs) -> None:
    for number, figure in FIGURES.items():
        sheet = paper_figure(number, runs, load_paper())
        assert sheet.gaps == () and [plot.number for plot in sheet.plots] == [panel.number for panel in figure.panels]
        drawn = paper_figures.draw(sheet)
        assert len(drawn.axes) == len(figure.panels)
        for ax, plot in zip(drawn.axes, sheet.plots, strict=True):
            ours = plot.frame[(plot.frame["source"] == RUNS) & (plot.frame["what"] != TARGET)]
            assert {line.get_label() for line in ax.lines} >= set(ours.loc[ours["what"] == "", "series"])
        assert "3 seeds each" in words(drawn) or number == "2"


def test_lines_show_the_frame(runs: Runs) -> None:
    ax = paper_figures.panel("4e", runs)
    frame = panel_frame("4e", runs)
    lines = {line.get_label(): line for line in ax.lines if not str(line.get_label()).startswith("_")}
    assert set(lines) == {"Fixed target", "Linear", "Cosine"}
    for series, line in lines.items():
        rows = frame[frame["series"] == series]
        np.testing.assert_array_equal(line.get_xdata(), rows["x"])
        np.testing.assert_array_equal(line.get_ydata(), rows["value"])


def test_the_papers_own_numbers_are_hollow_and_its_table_s() -> None:
    values = load_paper().values
    frame = panel_frame("5c", None, PAPER).set_index(["series", "x"])["value"]
    assert len(frame) == 16
    for (series, prompts), value in frame.items():
        assert value == values[Cell(3, series, f"AIME-25 mean@32 at {int(prompts) // 1000}K")]
    sizes = panel_frame("3a", None, PAPER).set_index(["series", "x"])["value"]
    assert sizes["GRPO + Entrocraft", 4] == values[Cell(2, "GRPO + Entrocraft", "AIME-25 mean@32")]
    assert sizes["GRPO", 8] == values[Cell(7, "GRPO", "AIME-25 mean@32")]
    drawn = paper_figures.figure("5", None, load_paper())
    assert "hollow: the paper's own numbers" in words(drawn)
    assert all(line.get_markerfacecolor() == "white" for ax in drawn.axes for line in ax.lines)


def test_missing_runs_are_named_with_the_study_that_makes_them(tmp_path: Path) -> None:
    write_paper_run(tmp_path / "a", "paper/grpo_entrocraft_linear_4b_full", {})
    sheet = paper_figure("4b", load_runs(tmp_path), load_paper())
    assert set(sheet.frame["series"]) == {"Linear"}
    gaps = {gap.series: (gap.reason, gap.command) for gap in sheet.gaps}
    assert gaps == {
        "Fixed target": ("no run of paper/grpo_entrocraft_constant_4b_full", "entrocraft sweep study=paper_fig4"),
        "Cosine": ("no run of paper/grpo_entrocraft_cosine_4b_full", "entrocraft sweep study=paper_fig4"),
    }
    assert "not from runs: Fixed target (4b); Cosine (4b)" in words(paper_figures.draw(sheet))


def test_nothing_to_draw_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write_paper_run(tmp_path / "a", "paper/raftpp_4b_full", {}, steps=3)
    with pytest.raises(AnalysisError, match=r"Fig\. 6 is drawn from runs.*entrocraft sweep study=paper_fig6"):
        paper_figures.figure("6", load_runs(tmp_path))
    with pytest.raises(ConfigError, match="4f"):
        paper_figures.figure("4g", load_runs(tmp_path))
    with pytest.raises(ConfigError, match="panels"):
        paper_figures.panel("4", load_runs(tmp_path))


def test_an_unfinished_run_is_drawn_over_training_and_not_as_the_end(tmp_path: Path) -> None:
    counts = {100: {"AIME-25": [3, 4]}}
    write_paper_run(tmp_path / "a", "paper/grpo_14b_full", counts, steps=120)
    write_paper_run(tmp_path / "b", "paper/grpo_4b_full", counts, steps=120)
    runs = load_runs(tmp_path)
    (gap, *_) = [gap for gap in paper_figure("3a", runs).gaps if "trained" in gap.reason]
    assert gap.reason == "trained to step 120 of 444"
    sheet = paper_figure("5c", runs)
    assert list(sheet.frame["x"]) == [100 * STEP]
    assert any("stopped at step 120 of 444" in detail for detail in sheet.details)


def test_two_configurations_of_an_experiment_are_not_averaged(tmp_path: Path) -> None:
    for name, lr in (("a", 1e-6), ("b", 2e-6)):
        write_paper_run(tmp_path / name, "paper/grpo_4b_full", {}, seed=1, changes={"trainer": {"lr": lr}})
    sheet = paper_figure("5a", load_runs(tmp_path))
    reasons = {gap.series: gap.reason for gap in sheet.gaps}
    assert "several configurations could be meant" in reasons["GRPO"] and not len(sheet.frame)


def test_one_seed_few_problems_and_too_few_answers_are_said_on_the_figure(tmp_path: Path) -> None:
    write_experiments(tmp_path, ["paper/grpo_4b"], answers=8)
    drawn = paper_figures.figure("3b", load_runs(tmp_path))
    text = words(drawn)
    assert "one seed each: the noise between seeds is not shown" in text
    assert f"only {PROBLEMS} problems, 8 answers each" in text
    assert "n = 8 answers give no pass@k of k > 8" in text
    details = paper_figure("3b", load_runs(tmp_path)).details
    assert f"{PROBLEMS} of the 30 problems of AIME-25" in " ".join(details)


def test_four_seeds_have_an_interquartile_mean(tmp_path: Path) -> None:
    levels = {1: 0, 2: 8, 3: 16, 4: 32}
    for seed, right in levels.items():
        write_paper_run(tmp_path / f"s{seed}", "paper/grpo_4b_full", {444: {"AIME-25": [right]}}, seed=seed)
    sheet = paper_figure("5c", load_runs(tmp_path))
    (row,) = sheet.frame.to_dict("records")
    assert row["value"] == pytest.approx(100 * 14 / 32) and row["iqm"] == pytest.approx(100 * 12 / 32)
    assert any(detail.startswith("interquartile mean over seeds") and "37.5 %" in detail for detail in sheet.details)


def test_series_of_one_method_are_told_apart_in_every_way(runs: Runs) -> None:
    for number in ("4b", "7a"):
        ax = paper_figures.panel(number, runs)
        lines = [line for line in ax.lines if line.get_label() in PANELS[number].series]
        for ways in (
            {line.get_color() for line in lines},
            {str(line._dash_pattern) for line in lines},
            {line.get_marker() for line in lines},
        ):
            assert len(ways) == len(lines) == 3


def words(figure: Figure) -> str:
    return " ".join(figure.get_suptitle().split())
