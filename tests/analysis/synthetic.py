"""Writes run folders of the contract's schema with known entropy curves and known correct counts."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SOURCE = "countdown"


@dataclass(frozen=True)
class SyntheticRun:
    """A run to be written. Entropies in nats per token; `correct` is step -> (P,) correct answers out of
    n."""

    method: Mapping[str, Any]
    seed: int
    entropy: Sequence[float]
    schedule: Mapping[str, Any] | None = None
    reward: Sequence[float] | None = None
    correct: Mapping[int, Sequence[int]] = field(default_factory=dict)
    n: int = 8
    state: str = "complete"
    reason: str | None = None
    steps: int | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)
    backend: str = "torch"


def write_run(folder: Path, run: SyntheticRun) -> Path:
    """Writes the run to `folder` and returns it."""
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest(folder, run)))
    low, high = band(run.schedule, len(run.entropy))
    reward = run.reward if run.reward is not None else np.linspace(-0.6, 0.2, len(run.entropy))
    lines = []
    for i, entropy in enumerate(run.entropy):
        data = {
            "actor/entropy": float(entropy),
            "critic/score/mean": float(reward[i]),
            "actor/grad_norm": 1.0,
        }
        data |= {"control/entropy": float(entropy), "control/low": low[i], "control/high": high[i]}
        lines.append(record(i + 1, data))
    (folder / "metrics.jsonl").write_text("".join(lines))
    for step, counts in run.correct.items():
        write_samples(folder, step, counts, run.n)
    return folder


def record(step: int, data: Mapping[str, float | None], attempt: int = 1) -> str:
    content = {"schema": 1, "step": step, "attempt": attempt, "time": 1.7e9 + step, "data": dict(data)}
    return json.dumps(content) + "\n"


def write_samples(folder: Path, step: int, counts: Sequence[int], n: int) -> Path:
    """The samples of a step: problem i is right in its first counts[i] samples of n."""
    path = folder / "samples" / f"step_{step:06d}.jsonl"
    path.parent.mkdir(exist_ok=True)
    rows = [
        {
            "step": step,
            "problem_id": f"{SOURCE}/test/{i:05d}",
            "source": SOURCE,
            "sample": j,
            "correct": bool(j < c),
            "score": 1.0 if j < c else -1.0,
            "prediction": "35",
            "input": "1 2",
            "output": "3",
        }
        for i, c in enumerate(counts)
        for j in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def manifest(folder: Path, run: SyntheticRun) -> dict[str, Any]:
    steps = run.steps or len(run.entropy)
    schedule = {**run.schedule, "horizon": steps, "progress": "paper"} if run.schedule else None
    config = {
        "seed": run.seed,
        "backend": run.backend,
        "method": dict(run.method),
        "schedule": schedule,
        "loss": {"clip_low": 0.2, "clip_high": 0.2},
        "trainer": {"steps": steps, "lr": 1e-4, **run.trainer},
        "data": {"numbers": 3, "seed": 0},
        "run": {"dir": str(folder), "name": folder.name},
        "wandb": {"mode": "disabled"},
        "checkpoint": {"every": 50},
    }
    return {
        "schema": 1,
        "run_id": f"{zlib.crc32(str(folder).encode()):08x}",
        "state": run.state,
        "reason": run.reason,
        "config": config,
        "schedule": schedule,
        "seed": run.seed,
        "steps": steps,
        "git": {"commit": "0" * 40, "dirty": False, "diff": ""},
        "packages": {"numpy": "2.4"},
        "host": "h",
        "python": "3.11",
        "threads": 1,
        "device": "cpu",
        "attempts": [
            {
                "attempt": 1,
                "pid": 1,
                "host": "h",
                "started": "2026-01-01T00:00:00+00:00",
                "ended": None,
                "from_step": 0,
                "to_step": None,
                "outcome": None,
            }
        ],
        "created": "2026-01-01T00:00:00+00:00",
        "started": "2026-01-01T00:00:00+00:00",
        "ended": None,
        "wandb_id": "00000000",
    }


def linear(start: float, end: float, width: float = 0.0) -> dict[str, Any]:
    return {"form": "target", "curve": {"family": "linear", "start": start, "end": end}, "width": width}


def cosine(start: float, end: float, width: float = 0.0) -> dict[str, Any]:
    return {"form": "target", "curve": {"family": "cosine", "start": start, "end": end}, "width": width}


def constant(start: float, width: float = 0.0) -> dict[str, Any]:
    return {"form": "target", "curve": {"family": "constant", "start": start}, "width": width}


def target(schedule: Mapping[str, Any], steps: int) -> np.ndarray:
    """(T,) middle of the band in nats per token, by the formulas of the families."""
    curve, f = schedule["curve"], np.linspace(0.0, 1.0, steps)
    start, end = curve["start"], curve.get("end", curve["start"])
    return end + (start - end) * ((1 + np.cos(np.pi * f)) / 2 if curve["family"] == "cosine" else 1 - f)


def band(schedule: Mapping[str, Any] | None, steps: int) -> tuple[list[float | None], list[float | None]]:
    if schedule is None:
        return [None] * steps, [None] * steps
    middle, half = target(schedule, steps), schedule["width"] / 2
    return list(middle - half), list(middle + half)


def write_study(root: Path, *, seeds: int = 3, steps: int = 120, problems: int = 60, n: int = 32) -> Path:
    """A study as `demo` leaves it: methods without and with a schedule, several seeds, one failed run."""
    configurations: list[tuple[dict[str, Any], dict[str, Any] | None, float]] = [
        ({"name": "grpo"}, None, 0.50),
        ({"name": "entropy_loss", "coefficient": 0.003}, None, 0.47),
        ({"name": "clip_higher"}, None, 0.56),
        ({"name": "entropic", "kp": 1.0, "ki": 0.01}, linear(0.5, 0.2), 0.44),
        ({"name": "band_switch", "base": "grpo"}, linear(0.5, 0.2), 0.58),
    ]
    for gamma in (5.0, 10.0):
        for schedule in (constant(0.35), linear(0.5, 0.2), cosine(0.5, 0.2), linear(0.5, 0.2, width=0.1)):
            options = {"name": "entrocraft", "gamma": gamma, "base": "grpo"}
            configurations.append((options, schedule, 0.42 + 0.004 * gamma))
    ease = np.random.default_rng(7).beta(1.1, 1.1, problems)  # the same problems are hard for every method
    for trial, (method, schedule, skill) in enumerate(configurations):
        for seed in range(1, seeds + 1):
            rng = np.random.default_rng([trial, seed])
            folder = root / "runs" / f"t{trial:04d}-s{seed}"
            noise = rng.normal(0, 0.012, steps)
            if schedule is None:
                entropy = 0.05 + 0.58 * np.exp(-np.arange(steps) / (20 + 10 * trial)) + noise
            else:
                wanted = target(schedule, steps)
                entropy = wanted + (0.63 - wanted[0]) * np.exp(-np.arange(steps) / 6) + noise
                entropy = entropy + (0.04 if method["name"] == "entropic" else 0.01)
            level = np.clip(ease + skill - 0.5 + rng.normal(0, 0.02) + rng.normal(0, 0.05, problems), 0, 1)
            correct = {
                step: rng.binomial(n, level * (0.3 + 0.7 * step / steps)).tolist() for step in (0, steps // 2, steps)
            }
            reward = -0.7 + 1.2 * skill * (1 - np.exp(-np.arange(steps) / 40)) + rng.normal(0, 0.08, steps)
            write_run(folder, SyntheticRun(method, seed, np.abs(entropy), schedule, reward, correct, n))
    write_run(
        root / "runs" / "t0099-s1",
        SyntheticRun({"name": "nsr"}, 1, [0.6, 0.9], state="failed", reason="entropy is NaN at step 3"),
    )
    return root
