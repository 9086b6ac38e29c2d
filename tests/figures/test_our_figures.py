"""Ours beside the paper's: gamma and hours, against numbers known by construction."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from synthetic import SyntheticRun, constant, linear, record, write_run

import paper_figures
from analysis import gamma_sweep, load_runs, score_against_hours
from analysis.ours import OURS, our_figure
from harness.errors import AnalysisError, ConfigError

ENTROPY = np.linspace(0.6, 0.3, 30)


def add(folder: Path, step: int, data: dict[str, float]) -> None:
    """More metrics in the record of a step."""
    path = folder / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[step - 1]["data"] |= data
    path.write_text("".join(record(line["step"], line["data"]) for line in lines))


def test_gamma_is_compared_where_nothing_else_differs(tmp_path: Path) -> None:
    for place, (gamma, schedule, off) in enumerate(
        [(5.0, linear(0.5, 0.2), 0.04), ("inf", linear(0.5, 0.2), 0.02), (10.0, constant(0.35), 0.01)]
    ):
        wanted = np.linspace(0.5, 0.2, 30) if "end" in schedule["curve"] else np.full(30, 0.35)
        method = {"name": "entrocraft", "gamma": gamma, "base": "grpo"}
        run = SyntheticRun(method, 1, wanted + off, schedule, correct={30: [place, 8]}, n=8)
        write_run(tmp_path / f"t{place}", run)
    frame = gamma_sweep(load_runs(tmp_path)).set_index(["metric", "gamma"])["value"]
    assert frame["tracking error"].to_dict() == pytest.approx({5.0: 0.04, np.inf: 0.02})
    assert frame["mean@n"].to_dict() == pytest.approx({5.0: 0.5, np.inf: 9 / 16})
    tracked, score = our_figure("gamma", load_runs(tmp_path)).plots
    assert tracked.x.ticks == {5.0: "5", 20.0: "\N{INFINITY}"} and list(tracked.frame["x"]) == [5.0, 20.0]
    assert list(score.frame["value"]) == pytest.approx([50.0, 56.25]) and score.y == "mean@8 (%)"
    assert len(paper_figures.our_figure("gamma", load_runs(tmp_path)).axes) == 2


@pytest.mark.parametrize(("backend", "gpus", "unit"), [("torch", 1, "h"), ("verl", 4, "GPU-h")])
def test_hours_are_those_of_the_steps_times_the_gpus(backend: str, gpus: int, unit: str, tmp_path: Path) -> None:
    for seed, seconds in ((1, 360.0), (2, 720.0)):
        run = SyntheticRun({"name": "grpo"}, seed, ENTROPY, correct={0: [1], 10: [2], 30: [4]}, n=8, backend=backend)
        folder = write_run(tmp_path / f"s{seed}", run)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["config"]["platform"] = {"name": "gpu", "gpus": gpus}
        manifest["config"]["trainer"]["device"] = "cpu"
        (folder / "manifest.json").write_text(json.dumps(manifest))
        for step in range(1, 31):
            add(folder, step, {"timing_s/step": seconds})
    frame = score_against_hours(load_runs(tmp_path)).set_index("step")
    each = 0.15 * (gpus if unit == "GPU-h" else 1)
    assert frame["hours"].to_dict() == pytest.approx({0: 0.0, 10: 10 * each, 30: 30 * each})
    assert set(frame["unit"]) == {unit} and list(frame["value"]) == pytest.approx([1 / 8, 2 / 8, 4 / 8])
    (plot,) = our_figure("cost", load_runs(tmp_path)).plots
    assert list(plot.frame["x"]) == list(frame["hours"]) and list(plot.frame["value"]) == pytest.approx([12.5, 25, 50])


def test_hours_end_at_a_gap(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", SyntheticRun({"name": "grpo"}, 1, ENTROPY, correct={10: [2], 30: [4]}))
    for step in [*range(1, 20), *range(21, 31)]:
        add(folder, step, {"timing_s/step": 360.0})
    assert list(score_against_hours(load_runs(tmp_path))["step"]) == [10]


def test_without_data_the_study_is_named(tmp_path: Path) -> None:
    write_run(tmp_path / "a", SyntheticRun({"name": "grpo"}, 1, ENTROPY))
    runs = load_runs(tmp_path)
    for name in OURS:
        with pytest.raises(AnalysisError, match="entrocraft sweep study="):
            paper_figures.our_figure(name, runs)
    with pytest.raises(ConfigError, match="cost, gamma"):
        paper_figures.our_figure("costs", runs)
