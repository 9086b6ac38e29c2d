"""Ours beside the paper's: authority, gamma and hours, against numbers known by construction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import SyntheticRun, constant, linear, record, write_run

import paper_figures
from analysis import authority, gamma_sweep, load_runs, score_against_hours
from analysis.authority import DOWN, UP, clip_text
from analysis.ours import OURS, our_figure
from harness.errors import AnalysisError, ConfigError

ENTROPY = np.linspace(0.6, 0.3, 30)


def add(folder: Path, step: int, data: dict[str, float]) -> None:
    """More metrics in the record of a step."""
    path = folder / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[step - 1]["data"] |= data
    path.write_text("".join(record(line["step"], line["data"]) for line in lines))


def filtered(folder: Path, updates: int, seed: int, down: list[float], up: list[float], clip: float = 0.2) -> Path:
    """An Entrocraft run with so many updates a batch and these logged changes of entropy."""
    trainer: dict[str, Any] = {"epochs": updates // 4, "mini_batches": 4}
    method = {"name": "entrocraft", "gamma": 10.0, "base": "grpo"}
    write_run(folder, SyntheticRun(method, seed, ENTROPY, linear(0.5, 0.2), trainer=trainer))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["config"]["loss"] = {"clip_low": min(clip, 1.0), "clip_high": clip}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for step, change in enumerate(down, start=2):
        add(folder, step, {"control/authority_down": change})
    for step, change in enumerate(up, start=12):
        add(folder, step, {"control/authority_up": change})
    return folder


def test_authority_is_the_mean_over_seeds_by_updates_and_clip(tmp_path: Path) -> None:
    filtered(tmp_path / "a1", 4, 1, [0.01, 0.03], [0.0])
    filtered(tmp_path / "a2", 4, 2, [0.04], [])
    filtered(tmp_path / "b1", 16, 1, [-0.02], [0.05])
    filtered(tmp_path / "c1", 16, 1, [-0.001], [0.002], clip=100.0)
    frame = authority(load_runs(tmp_path)).set_index(["updates", "clip", "direction"])
    assert frame.loc[(4, "0.2", DOWN), "change"] == pytest.approx((0.02 + 0.04) / 2)
    assert frame.loc[(4, "0.2", DOWN), "seeds"] == 2 and frame.loc[(4, "0.2", DOWN), "steps"] == 3
    assert frame.loc[(4, "0.2", UP), "seeds"] == 1, "the second seed never pushed entropy up"
    assert frame.loc[(16, "0.2", DOWN), "change"] == pytest.approx(-0.02)
    assert frame.loc[(16, "none", UP), "change"] == pytest.approx(0.002)
    sheet = our_figure("authority", load_runs(tmp_path))
    down = next(plot for plot in sheet.plots if plot.number == DOWN)
    assert down.x.ticks == {4.0: "4", 16.0: "16"}
    series = "Entrocraft linear 0.5\N{RIGHTWARDS ARROW}0.2, \N{GREEK SMALL LETTER GAMMA}=10, clip "
    assert set(down.frame["series"]) == {f"{series}0.2", f"{series}none"}
    assert len(paper_figures.our_figure("authority", load_runs(tmp_path)).axes) == 2


def test_one_sided_methods_are_read_off_their_entropy(tmp_path: Path) -> None:
    for name, end in (("psr", 0.3), ("nsr", 0.9)):
        run = SyntheticRun({"name": name}, 1, np.linspace(0.6, end, 30), trainer={"epochs": 4, "mini_batches": 4})
        write_run(tmp_path / name, run)
    found = authority(load_runs(tmp_path)).set_index("direction")["change"]
    assert found[DOWN] == pytest.approx(-0.3 / 29) and found[UP] == pytest.approx(0.3 / 29)


def test_clips_in_words() -> None:
    assert clip_text(0.2, 0.2) == "0.2" and clip_text(0.2, 0.28) == "0.2/0.28"
    assert clip_text(1, 100) == "none" and clip_text(1, 0.2) == "1/0.2" and clip_text(None, 0.2) == "unknown"


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
    with pytest.raises(ConfigError, match="authority, cost, gamma"):
        paper_figures.our_figure("costs", runs)
