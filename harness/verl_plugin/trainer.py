"""verl's synchronous trainer with a method between advantages and update.

A step of verl (verl/trainer/ppo/v1/trainer_base.py, `_step_once`) computes log-probabilities with entropies, the
reference and the advantages before it calls `_update_actor`; there the method acts on the whole batch, rejected rows
are dropped, and each mini-batch of the core's partition is one update. The full batch goes back to verl, whose
metrics and dumps cover all rollouts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transfer_queue as tq
from omegaconf import DictConfig, OmegaConf
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.v1 import trainer_base
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils.metric import reduce_metrics
from verl.utils.py_functional import rename_dict
from verl.utils.tensordict_utils import list_of_dict_to_tensordict
from verl.workers.utils.padding import response_to_nested

from harness.core.diagnostics import Monitor
from harness.core.types import FloatArray, IntArray
from harness.errors import StateError
from harness.verl_backend.checkpoints import newest_checkpoint
from harness.verl_backend.loss_choice import verl_has_loss
from harness.verl_backend.names import PLUGIN, STOPPED_FILE
from harness.verl_plugin.decision import Decision, decide
from harness.verl_plugin.loss import loss_function
from harness.verl_plugin.rows import TOKENS, Rows, grader_failures
from harness.verl_plugin.seen import Seen
from harness.verl_plugin.settings import run_config, run_folder
from harness.verl_plugin.update import Weights, instructions, missing, padding_row

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
        self.seen = trainer_base.tq = Seen(tq, TOKENS)
        self.reader = ThreadPoolExecutor(1)
        self.run = run_config()
        self.attempt = len(run_folder().manifest()["attempts"])
        self.monitor = Monitor()
        self.method_state = self.run.method.initial_state()

    # --- the step -----------------------------------------------------------------------------------

    def on_init_end(self) -> None:
        super().on_init_end()
        if not verl_has_loss(self.run):
            self.actor_rollout_wg.set_loss_fn(loss_function(self.run))

    def _update_actor(self, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        run, step = self.run, self.global_steps
        seen = self.seen.take(batch.keys)
        rows = Rows.of(batch, seen)
        failures = self.reader.submit(grader_failures, rows.keys, batch.partition_id)  # while the workers update
        decision, self.method_state = decide(run, step, rows, self.method_state, self.monitor)
        if not np.array_equal(decision.action.advantages, decision.advantages):
            self._write_advantages(batch, rows, decision.action.advantages)
        weights = Weights.of(run, rows, decision)
        totals: dict[str, list[float]] = defaultdict(list)
        for number, part in enumerate(decision.updates):
            for name, value in self._one_update(batch, rows, part, number, weights).items():
                totals[name].append(float(value))
        metrics.update(reduce_metrics(dict(totals)))  # means, but the greatest of what is a maximum
        metrics.update({**decision.metrics, "reward/grader_failures": float(failures.result())})
        self._record_rows(step, rows, decision, read=seen is None)
        return batch

    def _one_update(
        self, batch: KVBatchMeta, rows: Rows, part: IntArray, number: int, weights: Weights | None
    ) -> dict[str, Any]:
        """One optimiser step on the given rows; verl's actor metrics of it."""
        keys = [rows.keys[row] for row in part]
        tags = dict(zip(batch.keys, batch.tags, strict=True))
        partition = batch.partition_id
        if weights is not None:
            mask = tq.kv_batch_get(keys=keys, partition_id=partition, select_fields=["response_mask"])["response_mask"]
            tq.kv_batch_put(keys=keys, partition_id=partition, fields=weights.field(part, mask))
        ranks = max(self.actor_rollout_wg._dispatch_info["actor"]) + 1
        padding = [f"padding_{number}_{index}_0" for index in range(missing(len(keys), ranks))]
        if padding:
            row = padding_row(tq.kv_batch_get(keys=keys[:1], partition_id=partition)[0])
            padding_tags = [{**tags[keys[0]], "is_padding": True} for _ in padding]
            fields = list_of_dict_to_tensordict([row for _ in padding])
            tq.kv_batch_put(keys=padding, partition_id=partition, fields=fields, tags=padding_tags)
        told = {**batch.extra_info, **instructions(self.run, len(keys), len(padding), self.global_steps, number)}
        some = KVBatchMeta(
            partition_id=partition,
            keys=keys + padding,
            tags=[tags[key] for key in keys] + (padding_tags if padding else []),
            extra_info=told,
        )
        output = rename_dict(self.actor_rollout_wg.update_actor(some)["metrics"], "actor/")
        output["perf/mfu/actor"] = output.pop("actor/mfu")
        if padding:
            tq.kv_clear(keys=padding, partition_id=partition)
        found: dict[str, Any] = reduce_metrics(output)
        if not isfinite(found["actor/grad_norm"]):  # verl skips such an update, and goes on
            raise StateError(
                "the loss and its gradient must be finite",
                f"norm {found['actor/grad_norm']} at update {number + 1} in step {self.global_steps}",
                "Go on from the last checkpoint in a new run with a lower trainer.lr.",
            )
        return found

    def _write_advantages(self, batch: KVBatchMeta, rows: Rows, advantages: FloatArray) -> None:
        data = tq.kv_batch_get(keys=rows.keys, partition_id=batch.partition_id, select_fields=["response_mask"])
        mask = data["response_mask"]
        padded = torch.as_tensor(advantages, dtype=torch.float32)[:, None] * mask.to_padded_tensor(0)
        fields = TensorDict({"advantages": response_to_nested(padded, mask)}, batch_size=len(rows.keys))
        tq.kv_batch_put(keys=rows.keys, partition_id=batch.partition_id, fields=fields)

    def _record_rows(self, step: int, rows: Rows, decision: Decision, read: bool) -> None:
        """Which rows were kept and updated on, a line for each step of an attempt: for tests and doubting readers.

        read: whether their tokens had to be read from the queue.
        """
        record = {
            "step": step,
            "attempt": self.attempt,
            "problem_ids": [row.problem_id for row in rows.named],
            "rewards": rows.rewards.tolist(),
            "read": read,
            "keep": decision.action.keep.tolist(),
            "updates": [part.tolist() for part in decision.updates],
        }
        with (run_folder().path / "verl" / "rows.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")

    # --- stop request and checkpoints ---------------------------------------------------------------

    def on_train_begin(self) -> None:
        super().on_train_begin()
        done = self.global_steps - 1  # verl counts the step that it is about to do
        if run_folder().stop_requested(done) and done < self.total_training_steps:
            self._end_at(done)

    def on_step_end(self) -> None:
        if run_folder().stop_requested(self.global_steps) and self.global_steps < self.total_training_steps:
            # Before the parent wakes the rollout server, which takes the memory that saving needs.
            if newest_checkpoint(Path(self.config.trainer.default_local_dir)) < self.global_steps:
                self._save_checkpoint()
            self._end_at(self.global_steps)
        super().on_step_end()

    def _end_at(self, step: int) -> None:
        """verl leaves its loop behind `step`; the supervisor is told, as the request may soon be withdrawn."""
        self.total_training_steps = step
        (run_folder().path / "verl" / STOPPED_FILE).write_text(str(step))

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
