"""The real vLLM on the CPU: the shipped policy, and a sharded checkpoint of it, against the torch backend."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from harness.assets import model_folder
from harness.config.validation import ValidationConfig
from harness.problems.countdown import CountdownConfig, make_problems
from harness.torch_backend.policy import Policy
from harness.torch_backend.validate import validate
from harness.verl_backend.wide_heads import servable
from tests.verl.verl_environment import python

pytestmark = [pytest.mark.needs("verl"), pytest.mark.timeout(300)]

PROBLEMS, SAMPLES = 100, 16
SETTINGS = ["--benchmarks", "countdown", "--problems", str(PROBLEMS), "--max-new-tokens", "16"]
UNCHANGED = ["--temperature", "1", "--top-p", "1", "--top-k", "0"]


def evaluated(what: Path | str, out: Path, *options: str) -> tuple[dict[str, Any], str]:
    """The figures of countdown, and what the command printed."""
    command = [str(python()), "-m", "harness.cli.main", "eval", str(what), *SETTINGS, *options, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=out.parent)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((out / "eval.json").read_text())["benchmarks"]["countdown"], done.stdout


def per_problem(out: Path) -> np.ndarray:
    """Correctness (PROBLEMS,) from the kept samples, in the order of the problems."""
    rows = [json.loads(line) for line in (out / "samples" / "countdown.jsonl").read_text().splitlines()]
    names = sorted({row["problem_id"] for row in rows})
    return np.array([np.mean([row["correct"] for row in rows if row["problem_id"] == name]) for name in names])


def by_torch(temperature: float, top_p: float, top_k: int) -> np.ndarray:
    config = ValidationConfig(40, PROBLEMS, SAMPLES, (1,), temperature, top_p, top_k)
    policy = Policy.load(model_folder("tiny"), torch.device("cpu"))
    found = validate(policy, make_problems(CountdownConfig())["test"], config, 16, seed=1, step=0)
    return np.array([sample["correct"] for sample in found.samples]).reshape(PROBLEMS, SAMPLES).mean(axis=1)


def agree(ours: np.ndarray, others: np.ndarray) -> None:
    """The same problems, other samples: the difference must be within 4 of its standard errors."""
    difference = ours - others
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(len(difference)), (ours.mean(), others.mean())


def test_mean_at_n_is_that_of_the_torch_backend(tmp_path: Path) -> None:
    result, _ = evaluated("tiny", tmp_path / "out", "--n", str(SAMPLES), *UNCHANGED)
    ours = per_problem(tmp_path / "out")
    assert (result["problems"], result["n"]) == (PROBLEMS, SAMPLES)
    assert result["mean@n"] == pytest.approx(ours.mean()) == pytest.approx(result["pass@k"]["1"])
    assert 0.05 < result["mean@n"] < 0.4
    agree(ours, by_torch(1.0, 1.0, 0))


def test_a_sharded_checkpoint_is_merged_once_beside_the_evaluation(tmp_path: Path) -> None:
    model = servable(model_folder("tiny"), tmp_path / "wide")
    actor = tmp_path / "global_step_3" / "actor"
    actor.mkdir(parents=True)
    (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": 1}))
    torch.save(load_file(model / "model.safetensors"), actor / "model_world_size_1_rank_0.pt")
    model.rename(actor / "huggingface")
    (actor / "huggingface" / "model.safetensors").unlink()
    before = {path: path.stat().st_mtime_ns for path in actor.rglob("*")}

    evaluated(actor.parent, tmp_path / "out", "--n", str(SAMPLES))
    agree(per_problem(tmp_path / "out"), by_torch(0.6, 0.95, 20))
    merged = tmp_path / "out" / "model" / "merged" / "model.safetensors"
    assert next(iter(load_file(merged).values())).dtype == torch.bfloat16  # as verl's merger does
    made = os.stat(merged).st_mtime_ns

    _, said = evaluated(actor.parent, tmp_path / "out", "--n", str(SAMPLES))
    assert "already complete" in said and os.stat(merged).st_mtime_ns == made
    assert {path: path.stat().st_mtime_ns for path in actor.rglob("*")} == before
