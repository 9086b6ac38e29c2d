"""verl's synchronous trainer with a method between advantages and update.

A step of verl (verl/trainer/ppo/v1/trainer_base.py, `_step_once`) computes log-probabilities with entropies, the
reference and the advantages before it calls `_update_actor`; there the method acts on the whole batch, rejected rows
are dropped, and each mini-batch of the core's partition is one update. The full batch goes back to verl, whose
metrics and dumps cover all rollouts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transfer_queue as tq
from omegaconf import DictConfig, OmegaConf
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.padding_utils import upsample_batch_to_divisible_size
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.workers.utils.padding import response_to_nested

from harness.core import entropy
from harness.core.diagnostics import Monitor
from harness.core.filter import scalar_advantages
from harness.core.partition import epoch_partitions
from harness.errors import StateError
from harness.methods import Batch
from harness.verl_backend.names import PLUGIN
from harness.verl_plugin.rows import Rows
from harness.verl_plugin.settings import run_config, run_folder

STATE_FILE = "entrocraft.json"
"""In a checkpoint, beside verl's own: the states of method and monitor."""
POLL_INTERVAL_S = 0.05
"""verl looks for finished rollouts every 2 s, which is most of a small step."""


@register_trainer(PLUGIN)
class EntrocraftTrainer(PPOTrainerSync):
    """The run of `run_folder()`; its configuration comes from the manifest, verl's own from the overrides."""

    total_training_steps: int

    def __init__(self, config: DictConfig) -> None:
        # Built-in branches of verl ask for the mode "sync", which this trainer is one of.
        OmegaConf.update(config, "trainer.v1.trainer_mode", "sync")
        super().__init__(config)
        self.replay_buffer.poll_interval = POLL_INTERVAL_S
        self.run = run_config()
        self.monitor = Monitor()
        self.method_state = self.run.method.initial_state()

    # --- the step -----------------------------------------------------------------------------------

    def _update_actor(self, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        run, step = self.run, self.global_steps
        rows = Rows.of(batch)
        entropies = {name: entropy.aggregate(rows.entropy, rows.mask, name) for name in entropy.AGGREGATIONS}
        measured = entropies[run.control.entropy_aggregation]
        advantages = scalar_advantages(rows.advantages, rows.mask)
        band = run.schedule.bands.band(step) if run.schedule else None
        seen = Batch(run.seed, step, measured, band, rows.rewards, rows.groups, advantages)
        action, self.method_state = run.method.act(seen, self.method_state)
        control = self.monitor.observe(step, measured, band, action.m, action.keep, advantages, rows.groups)
        if not np.array_equal(action.advantages, advantages):
            self._write_advantages(batch, rows, action.advantages)

        kept = action.keep.nonzero()[0]
        parts = epoch_partitions(kept, run.trainer.mini_batches, run.trainer.epochs, run.seed, step)
        totals: dict[str, list[float]] = defaultdict(list)
        for part in parts:
            for name, value in self._one_update(batch, rows, part).items():
                totals[name].append(float(value))
        metrics.update({name: float(np.mean(values)) for name, values in totals.items()})
        metrics.update(
            {
                # verl's own follows loss_agg_mode; these do not.
                "actor/entropy": entropies["token-mean"],
                "actor/entropy_seq_mean": entropies["seq-mean-token-mean"],
                "actor/updates": float(len(parts)),
                "training/samples_seen": float(step * run.trainer.rows_per_step),
                "reward/grader_failures": float(sum(map(bool, rows.grader_failures))),
                **control,
                **action.metrics,
                **rows.log_likelihoods(),
            }
        )
        self._record_rows(step, rows, action.keep, parts)
        return batch

    def _one_update(self, batch: KVBatchMeta, rows: Rows, part: np.ndarray) -> dict[str, Any]:
        """One optimiser step on the given rows; verl's actor metrics of it."""
        own = [rows.keys[row] for row in part]
        tags = dict(zip(batch.keys, batch.tags, strict=True))
        some = KVBatchMeta(partition_id=batch.partition_id, keys=own, tags=[tags[key] for key in own])
        some.extra_info.update(batch.extra_info)
        mapping = self.actor_rollout_wg._dispatch_info["actor"]
        some = upsample_batch_to_divisible_size(some, max(mapping) + 1, self.tokenizer.eos_token_id)
        actor = self.config.actor_rollout_ref.actor
        # The parent multiplies by the rollouts of a prompt; our mini-batches are counted in rows.
        rollout = self.config.actor_rollout_ref.rollout
        before = actor.ppo_mini_batch_size, rollout.n
        found: dict[str, Any] = {}
        try:
            actor.ppo_mini_batch_size, rollout.n = len(some.keys), 1
            super()._update_actor(some, found)
        finally:
            actor.ppo_mini_batch_size, rollout.n = before
        if padding := [key for key in some.keys if key not in own]:
            tq.kv_clear(keys=padding, partition_id=batch.partition_id)
        return found

    def _write_advantages(self, batch: KVBatchMeta, rows: Rows, advantages: np.ndarray) -> None:
        data = tq.kv_batch_get(keys=rows.keys, partition_id=batch.partition_id, select_fields=["response_mask"])
        mask = data["response_mask"]
        padded = torch.as_tensor(advantages, dtype=torch.float32)[:, None] * mask.to_padded_tensor(0)
        fields = TensorDict({"advantages": response_to_nested(padded, mask)}, batch_size=len(rows.keys))
        tq.kv_batch_put(keys=rows.keys, partition_id=batch.partition_id, fields=fields)

    def _record_rows(self, step: int, rows: Rows, keep: np.ndarray, parts: list[np.ndarray]) -> None:
        """Which rows were kept and updated on, one line a step: what a test or a doubting reader looks at."""
        record = {
            "step": step,
            "problem_ids": rows.problem_ids,
            "rewards": rows.rewards.tolist(),
            "keep": keep.tolist(),
            "updates": [part.tolist() for part in parts],
        }
        with (run_folder().path / "verl" / "rows.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")

    # --- stop request and checkpoints ---------------------------------------------------------------

    def on_step_end(self) -> None:
        super().on_step_end()
        if run_folder().stop_requested() and self.global_steps < self.total_training_steps:
            if not self._checkpoint_folder().exists():
                self._save_checkpoint()
            self.total_training_steps = self.global_steps

    def _save_checkpoint(self) -> None:
        folder = self._checkpoint_folder()
        folder.mkdir(parents=True, exist_ok=True)
        state = {"step": self.global_steps, "method": self.method_state, "monitor": self.monitor.to_dict()}
        (folder / STATE_FILE).write_text(json.dumps(state))
        super()._save_checkpoint()  # last: it names the newest checkpoint

    def _load_checkpoint(self) -> None:
        super()._load_checkpoint()
        if not self.global_steps:
            return
        path = self._checkpoint_folder() / STATE_FILE
        if not path.is_file():
            raise StateError(
                f"a checkpoint of this trainer has {STATE_FILE}", f"none in {str(path.parent)!r}", "Start a new run."
            )
        state = json.loads(path.read_text())
        self.method_state, self.monitor = state["method"], Monitor.from_dict(state["monitor"])

    def _checkpoint_folder(self) -> Path:
        return Path(self.config.trainer.default_local_dir) / f"global_step_{self.global_steps}"
