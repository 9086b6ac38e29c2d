"""The smallest configuration that trains: 4 prompts x 4 rollouts, 2 epochs x 2 mini-batches."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from harness.config import RunConfig, resolve
from harness.methods import METHODS
from harness.runs import RunFolder
from harness.runs.provenance import GitState, Provenance
from harness.torch_backend.trainer import Trainer

SMALL = (
    "trainer.steps=6",
    "trainer.prompts_per_step=4",
    "trainer.rollouts_per_prompt=4",
    "trainer.epochs=2",
    "trainer.mini_batches=2",
    "trainer.lr=1e-3",
    "trainer.max_new_tokens=12",
    "seed=11",  # one with right answers among the 16 of each of the first steps
    "data.train_problems=40",
    "data.test_problems=4",
    "validation.problems=2",
    "validation.samples=2",
    "validation.every=4",
    "checkpoint.every=1",
)


@cache
def small(method: str, *overrides: str) -> RunConfig:
    """A configuration of `method`; controlled ones track a line from far below the base's entropy."""
    schedule = ("schedule=linear", "schedule.start=0.3", "schedule.end=0.1") if METHODS[method].needs_schedule else ()
    return resolve([f"method={method}", *schedule, *SMALL, *overrides])


def trained(config: RunConfig, folder: Path, steps: int) -> tuple[Trainer, list[dict[str, float]]]:
    """A trainer after some steps, and their metrics."""
    trainer = Trainer(config, folder)
    return trainer, [trainer.step() for _ in range(steps)]


def comparable(metrics: dict[str, Any]) -> dict[str, Any]:
    """Without the times."""
    return {name: value for name, value in metrics.items() if not name.startswith(("timing_s/", "perf/"))}


def new_run(path: Path, config: RunConfig) -> RunFolder:
    origin = Provenance(git=GitState(commit=None, dirty=False, diff=""), packages={}, host="here", python="3.11")
    schedule = None if config.schedule is None else config.schedule.to_dict()
    return RunFolder.create(path, config.to_dict(), schedule, origin)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.policy.model.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Bit by bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
