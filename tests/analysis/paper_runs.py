"""Writes run folders of the paper's experiments with known correct counts, under their real configurations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analysis.paper.cells import BENCHMARKS
from harness.config.experiments import experiment

ANSWERS = 32
Counts = Mapping[int, Mapping[str, Sequence[int]]]
"""step -> benchmark's title -> correct answers of each problem."""


@cache
def configuration(name: str) -> dict[str, Any]:
    return experiment(name).config.to_dict()


def write_paper_run(
    folder: Path,
    name: str,
    counts: Counts,
    *,
    seed: int = 1,
    steps: int | None = None,
    entropy: Sequence[float] | None = None,
    metrics: Mapping[str, Sequence[float]] | None = None,
    answers: int = ANSWERS,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """A complete run of experiment `name`; `steps` shortens what was done of it, `changes` are to its settings.

    A run that is asked for other `answers` a problem is configured so: samples of another number than that are damage.
    """
    config = {**configuration(name), "seed": seed}
    config["validation"] = {**config["validation"], "samples": answers}
    for group, settings in (changes or {}).items():
        config[group] = {**config[group], **settings}
    planned = config["trainer"]["steps"]
    done = planned if steps is None else steps
    (folder / "samples").mkdir(parents=True)
    curve = np.linspace(0.6, 0.3, done) if entropy is None else entropy
    lines = []
    for step in range(1, done + 1):
        data = {"actor/entropy": float(curve[step - 1]), "critic/score/mean": 0.0, "timing_s/step": 1.0}
        if config["schedule"] is not None:
            data |= {"control/entropy": float(curve[step - 1]), **_band(config["schedule"], step, planned)}
        data |= {key: float(values[step - 1]) for key, values in (metrics or {}).items()}
        lines.append(json.dumps({"schema": 1, "step": step, "attempt": 1, "time": 1.7e9 + step, "data": data}))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    for step, by_benchmark in counts.items():
        (folder / "samples" / f"step_{step:06d}.jsonl").write_text("".join(_samples(step, by_benchmark, answers)))
    (folder / "manifest.json").write_text(json.dumps(_manifest(folder, config, planned, done)))
    return folder


def _samples(step: int, by_benchmark: Mapping[str, Sequence[int]], answers: int) -> list[str]:
    return [
        f'{{"step": {step}, "problem_id": "{source}/test/{i}", "source": "{source}", "sample": {j}, '
        f'"correct": {"true" if j < right else "false"}, "score": {1 if j < right else -1}, "prediction": "7"}}\n'
        for title, counts in by_benchmark.items()
        for source in [BENCHMARKS[title].source]
        for i, right in enumerate(counts)
        for j in range(answers)
    ]


def _band(schedule: Mapping[str, Any], step: int, steps: int) -> dict[str, float]:
    if schedule.get("low") is None:
        return {"control/low": schedule["start"], "control/high": schedule["start"]}
    done = (step - 1) / (steps - 1)
    if schedule["family"] == "cosine":
        done = (1 - np.cos(np.pi * done)) / 2
    bounds = {}
    for bound in ("low", "high"):
        start, end = schedule[bound]["start"], schedule[bound].get("end", schedule[bound]["start"])
        bounds[f"control/{bound}"] = start + (end - start) * done
    return bounds


def _schedule(schedule: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The frozen form of the manifest."""
    if schedule is None:
        return None
    family = schedule["family"]
    if schedule.get("low") is None:
        curve = {"family": family, "start": schedule["start"]}
        return {"form": "target", "curve": curve, "width": schedule["width"] or 0.0, "horizon": 1, "progress": "paper"}
    bounds = {bound: {"family": family, **schedule[bound]} for bound in ("low", "high")}
    return {"form": "bounds", **bounds, "horizon": 1, "progress": "paper"}


def _manifest(folder: Path, config: dict[str, Any], planned: int, done: int) -> dict[str, Any]:
    when = "2026-01-01T00:00:00+00:00"
    attempt = {"attempt": 1, "pid": 1, "host": "h", "started": when, "ended": None, "from_step": 0, "to_step": None}
    return {
        "schema": 1,
        "run_id": folder.name[:8],
        "state": "complete" if done == planned else "stopped",
        "reason": None,
        "config": config,
        "schedule": _schedule(config["schedule"]),
        "seed": config["seed"],
        "steps": planned,
        "git": {"commit": "0" * 40, "dirty": False, "diff": ""},
        "packages": {},
        "host": "h",
        "python": "3.11",
        "threads": 1,
        "device": "cpu",
        "attempts": [{**attempt, "outcome": None}],
        "created": when,
        "started": when,
        "ended": None,
        "wandb_id": "0",
    }
