"""The list of runs, how they are launched, and how much is to happen to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = "chaos"
BASE = (
    "trainer.steps=18",
    "trainer.prompts_per_step=4",
    "trainer.rollouts_per_prompt=4",
    "trainer.epochs=2",
    "trainer.threads=1",
    "checkpoint.every=3",
    "validation.every=6",
    "validation.problems=4",
    "validation.samples=2",
    "data.train_problems=64",
    "data.test_problems=8",
)
BAND = ("schedule=linear", "schedule.start=0.5", "schedule.end=0.2")
TRIALS: tuple[tuple[str, ...], ...] = (
    ("method=grpo",),
    ("method=entrocraft", "method.gamma=10", *BAND),
    ("method=entropic", *BAND),
    ("method=entropy_loss",),
    ("method=clip_higher",),
    ("method=band_switch", *BAND),
)
LAUNCH = (
    "launcher=slurm",
    "poll_s=0.5",
    "stalled_attempts=50",
    "resources.partition=low",
    "resources.gpus_per_node=8",  # a node for each run, so that a job of partition `high` has to preempt
    "resources.cpus_per_task=1",
    "resources.walltime_min=20",
    "resources.signal_before_end_s=60",
    *(
        f"retry.{cause}_retries=50"
        for cause in (
            "preempted",
            "timeout",
            "node_failure",
            "killed",
            "cancelled",
            "out_of_memory",
            "out_of_disk",
            "vanished",
        )
    ),
    "retry.backoff_s=0",
    "retry.backoff_max_s=1",
)
"""Restarts without limit; `error_retries` stays 0: a failure of a run's own is never the answer to a fault."""


@dataclass(frozen=True)
class Form:
    """How long a chaos run is."""

    trials: int
    seeds: tuple[int, ...]
    parallel: int
    faults: Mapping[str, int]
    """Kind of fault -> how often it shall strike."""
    at_least: int
    """Faults that must have hit."""
    kinds_at_least: int
    pause_s: tuple[float, float]
    """Least and longest pause between two faults."""
    limit_s: float
    space: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Run override -> choices of a grid that takes the place of the list; halving then prunes it."""


PRUNING = {
    "pruner": "halving",
    "metric": "actor/entropy",
    "direction": "maximize",
    "options": {"rungs": [5, 11], "keep": 2},
}
"""The rungs are no steps at which a checkpoint is due anyhow. Entropies differ in all digits, so there are no ties."""


LONG = Form(
    trials=6,
    seeds=(1, 2, 3, 4),
    parallel=4,
    faults={
        "driver_kill": 8,
        "driver_kill_at_submission": 3,
        "scancel": 5,
        "step_kill": 4,
        "run_kill": 3,
        "preemption": 4,
        "requeue": 4,
        "usr2": 2,
        "node_down": 3,
        "sacct_down": 3,
        "controller_down": 2,
        "disk_full": 3,
        "torn_line": 3,
    },
    at_least=40,
    kinds_at_least=10,
    pause_s=(1.0, 7.0),
    limit_s=1800.0,
)
SHORT = Form(
    trials=3,
    seeds=(1,),
    parallel=3,
    faults={
        "driver_kill": 2,
        "driver_kill_at_submission": 1,
        "scancel": 1,
        "step_kill": 1,
        "preemption": 1,
        "requeue": 1,
        "sacct_down": 1,
        "disk_full": 1,
        "torn_line": 1,
    },
    at_least=8,
    kinds_at_least=5,
    pause_s=(0.5, 3.0),
    limit_s=200.0,
)


SEARCH = Form(
    trials=0,
    seeds=(1, 2),
    parallel=3,
    faults={
        "driver_kill": 6,
        "driver_kill_at_submission": 3,
        "preemption": 6,
        "requeue": 4,
        "scancel": 4,
        "step_kill": 3,
    },
    at_least=20,
    kinds_at_least=5,
    pause_s=(0.5, 4.0),
    limit_s=1800.0,
    space={"method": ("grpo", "entropy_loss", "clip_higher"), "trainer.lr": (1e-4, 2e-4, 4e-4)},
)
SEARCH_SHORT = Form(
    trials=0,
    seeds=(1,),
    parallel=2,
    faults={"driver_kill": 2, "driver_kill_at_submission": 1, "preemption": 2, "requeue": 1, "scancel": 1},
    at_least=5,
    kinds_at_least=3,
    pause_s=(0.5, 3.0),
    limit_s=240.0,
    space={"method": ("grpo", "entropy_loss"), "trainer.lr": (1e-4, 4e-4)},
)


def definition(form: Form) -> dict[str, Any]:
    """The study as its YAML has it."""
    return {
        "name": NAME,
        "title": "Chaos",
        "base": list(BASE),
        "seeds": list(form.seeds),
        "parallel": form.parallel,
        "objective": {"metric": "val-core/countdown/acc/mean@2", "direction": "maximize"},
        **_asked_for(form),
    }


def _asked_for(form: Form) -> dict[str, Any]:
    if form.space:
        space = {key: {"choices": list(choices)} for key, choices in form.space.items()}
        return {"space": space, "sampler": "grid", "pruning": PRUNING}
    return {"trials": [{"title": each[0], "overrides": list(each)} for each in TRIALS[: form.trials]]}
