"""A rollout batch out of verl's TransferQueue, as arrays in an order that does not depend on chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import transfer_queue as tq
from tensordict import TensorDict
from transfer_queue import KVBatchMeta

from harness.core.types import BoolArray, FloatArray, IntArray

FIELDS = ["entropy", "old_log_probs", "advantages", "response_mask", "rm_scores", "uid", "extra_info",
          "extra_fields"]  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """N rollouts without verl's padding rows, sorted by problem and sibling; T response positions.

    verl orders a batch by length and names groups by random ids, from which no draw may depend.
    """

    keys: list[str]  # (N,) in the TransferQueue
    problem_ids: list[str]  # (N,)
    groups: IntArray  # (N,)
    rewards: FloatArray  # (N,)
    grader_failures: list[str]  # (N,) reasons; "" where the grader gave a verdict
    advantages: FloatArray  # (N, T)
    entropy: FloatArray  # (N, T) nats
    log_prob: FloatArray  # (N, T) nats, before the update
    mask: BoolArray  # (N, T)

    @classmethod
    def of(cls, batch: KVBatchMeta) -> Rows:
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        data = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=FIELDS)
        problem_ids = [extra["problem_id"] for extra in data.pop("extra_info").tolist()]
        uids = data.pop("uid").tolist()
        failures = [extra["reward_extra_info"]["grader_failure"] for extra in data.pop("extra_fields").tolist()]
        order = sorted(range(len(keys)), key=lambda row: (problem_ids[row], uids[row], _sibling(keys[row])))
        return cls(
            keys=[keys[row] for row in order],
            problem_ids=[problem_ids[row] for row in order],
            groups=np.unique([uids[row] for row in order], return_inverse=True)[1].astype(np.int64),
            rewards=_array(data, "rm_scores")[order].sum(axis=1),
            grader_failures=[failures[row] for row in order],
            advantages=_array(data, "advantages")[order],
            entropy=_array(data, "entropy")[order],
            log_prob=_array(data, "old_log_probs")[order],
            mask=_array(data, "response_mask")[order].astype(np.bool_),
        )

    def log_likelihoods(self) -> dict[str, float]:
        """Mean log-likelihood of correct and of wrong rollouts (paper, Fig. 2b), nats per token; absent where none."""
        tokens = self.mask.sum(axis=1)
        per_token = np.where(self.mask, self.log_prob, 0.0).sum(axis=1) / np.maximum(tokens, 1)
        groups = {"positive": (self.rewards > 0) & (tokens > 0), "negative": (self.rewards <= 0) & (tokens > 0)}
        return {f"actor/log_prob_{name}": float(per_token[rows].mean()) for name, rows in groups.items() if rows.any()}


def _sibling(key: str) -> tuple[int, int]:
    """Session and output of a key `{uid}_{session}_{output}`."""
    _, session, output = key.rsplit("_", 2)
    return int(session), int(output)


def _array(data: TensorDict, name: str) -> FloatArray:
    """(N, T) float64, padded with zeros."""
    values: FloatArray = data[name].to_padded_tensor(0).double().cpu().numpy()
    return values
