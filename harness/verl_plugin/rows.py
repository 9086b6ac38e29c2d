"""A rollout batch out of verl's TransferQueue, as arrays in an order that does not depend on chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import transfer_queue as tq
from tensordict import TensorDict
from transfer_queue import KVBatchMeta

from harness.core.ragged import Ragged
from harness.core.types import FloatArray, IntArray

NAMES = ["uid", "extra_info"]
TOKENS = ["entropy", "old_log_probs", "advantages", "response_mask", "rm_scores"]


@dataclass(frozen=True)
class Rows:
    """N rollouts without verl's padding rows, sorted by problem and sibling.

    verl orders a batch by length and names groups by random ids, from which no draw may depend.
    """

    keys: list[str]  # (N,) in the TransferQueue
    problem_ids: list[str]  # (N,)
    groups: IntArray  # (N,)
    rewards: FloatArray  # (N,)
    advantages: Ragged
    entropy: Ragged  # nats
    log_prob: Ragged  # nats, before the update

    @classmethod
    def of(cls, batch: KVBatchMeta) -> Rows:
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        names = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=NAMES)
        problem_ids = [extra["problem_id"] for extra in names["extra_info"].tolist()]
        uids = names["uid"].tolist()
        order = sorted(range(len(keys)), key=lambda row: (problem_ids[row], uids[row], _sibling(keys[row])))
        keys, problem_ids, uids = ([values[row] for row in order] for values in (keys, problem_ids, uids))
        tokens = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=TOKENS)
        return cls.read(keys, problem_ids, uids, tokens)

    @classmethod
    def read(cls, keys: list[str], problem_ids: list[str], uids: list[str], tokens: TensorDict) -> Rows:
        """From the nested TOKENS of the rows `keys`, which are sorted."""
        mask = tokens["response_mask"]
        lengths = mask.offsets().diff().cpu().numpy().astype(np.int64)
        inside = mask.values().bool().cpu().numpy()
        answered = Ragged(inside.astype(np.float64), lengths).sums().astype(np.int64)

        def of(name: str) -> Ragged:
            values = tokens[name].values().cpu().numpy()
            return Ragged(values if inside.all() else values[inside], answered)

        return cls(
            keys=keys,
            problem_ids=problem_ids,
            groups=np.unique(uids, return_inverse=True)[1].astype(np.int64),
            rewards=Ragged(tokens["rm_scores"].values().cpu().numpy(), lengths).sums(),
            advantages=of("advantages"),
            entropy=of("entropy"),
            log_prob=of("old_log_probs"),
        )


def _sibling(key: str) -> tuple[int, int]:
    """Session and output of a key `{uid}_{session}_{output}`."""
    _, session, output = key.rsplit("_", 2)
    return int(session), int(output)
