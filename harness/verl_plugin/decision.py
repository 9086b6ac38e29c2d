"""What a step does with its rollouts: the core's control, between verl's advantages and verl's updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.config import RunConfig
from harness.core import entropy
from harness.core.diagnostics import Monitor
from harness.core.filter import scalar_advantages
from harness.core.partition import epoch_partitions
from harness.core.tokens import token_summary
from harness.core.types import FloatArray, IntArray
from harness.methods import Batch
from harness.methods.plan import Action
from harness.verl_plugin.rows import Rows


@dataclass(frozen=True)
class Decision:
    """advantages (N,): as estimated, before the method's action. updates: the rows of each, in order."""

    advantages: FloatArray
    action: Action
    updates: list[IntArray]
    metrics: dict[str, float]


def decide(
    run: RunConfig, step: int, rows: Rows, state: Mapping[str, float], monitor: Monitor
) -> tuple[Decision, dict[str, float]]:
    """The decision for the rollouts of a step (from 1), and the method's next state; `monitor` sees the step."""
    entropies = {name: entropy.aggregate(rows.entropy, name) for name in entropy.AGGREGATIONS}
    measured = entropies[run.control.entropy_aggregation]
    advantages = scalar_advantages(rows.advantages)
    band = run.schedule.bands.band(step) if run.schedule else None
    batch = Batch(run.seed, step, measured, band, rows.rewards, rows.groups, advantages)
    action, state = run.method.act(batch, state)
    control = monitor.observe(step, measured, band, action.m, action.keep, advantages, rows.groups)
    kept = action.keep.nonzero()[0]
    updates = epoch_partitions(kept, run.trainer.mini_batches, run.trainer.epochs, run.seed, step)
    metrics = {
        # verl's own actor/entropy follows loss_agg_mode; these do not.
        "actor/entropy": entropies["token-mean"],
        "actor/entropy_seq_mean": entropies["seq-mean-token-mean"],
        "actor/updates": float(len(updates)),
        "training/samples_seen": float(step * run.trainer.rows_per_step),
        **control,
        **action.metrics,
        **token_summary(rows.log_prob, rows.entropy, advantages, rows.rewards),
    }
    return Decision(advantages, action, updates, metrics), state
