"""A rollout batch out of verl's TransferQueue, as arrays in an order that does not depend on chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import transfer_queue as tq
from tensordict import TensorDict
from transfer_queue import KVBatchMeta

from harness.core.ragged import Ragged
from harness.core.types import FloatArray, IntArray

NAMES = ["uid", "extra_info", "extra_fields"]
TOKENS = ["entropy", "old_log_probs", "advantages", "response_mask", "rm_scores"]


class Named(NamedTuple):
    """A rollout of verl's; sorted by problem and sibling."""

    problem_id: str
    uid: str
    """Of the group, random."""
    sibling: tuple[int, int]
    key: str
    """In the TransferQueue."""
    grader_failure: str
    """The reason; "" where the grader gave a verdict."""


@dataclass(frozen=True)
class Rows:
    """N rollouts without verl's padding rows, sorted by problem and sibling.

    verl orders a batch by length and names groups by random ids, from which no draw may depend.
    """

    named: list[Named]  # (N,)
    groups: IntArray  # (N,)
    rewards: FloatArray  # (N,)
    advantages: Ragged
    entropy: Ragged  # nats
    log_prob: Ragged  # nats, before the update

    @classmethod
    def of(cls, batch: KVBatchMeta) -> Rows:
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        names = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=NAMES)
        uids, infos, extras = (names.pop(name).tolist() for name in NAMES)
        named = sorted(
            Named(info["problem_id"], uid, _sibling(key), key, extra["reward_extra_info"]["grader_failure"])
            for key, uid, info, extra in zip(keys, uids, infos, extras, strict=True)
        )
        keys = [row.key for row in named]
        return cls.read(named, tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=TOKENS))

    @property
    def keys(self) -> list[str]:
        """(N,) in the TransferQueue."""
        return [row.key for row in self.named]

    @classmethod
    def read(cls, named: list[Named], tokens: TensorDict) -> Rows:
        """From the nested TOKENS of the rows, which are sorted."""
        mask = tokens["response_mask"]
        lengths = mask.offsets().diff().cpu().numpy().astype(np.int64)
        inside = mask.values().bool().cpu().numpy()
        answered = Ragged(inside.astype(np.float64), lengths).sums().astype(np.int64)

        def of(name: str) -> Ragged:
            values = tokens[name].values().cpu().numpy()
            return Ragged(values if inside.all() else values[inside], answered)

        return cls(
            named=named,
            groups=np.unique([row.uid for row in named], return_inverse=True)[1].astype(np.int64),
            rewards=Ragged(tokens["rm_scores"].values().cpu().numpy(), lengths).sums(),
            advantages=of("advantages"),
            entropy=of("entropy"),
            log_prob=of("old_log_probs"),
        )


def _sibling(key: str) -> tuple[int, int]:
    """Session and output of a key `{uid}_{session}_{output}`."""
    _, session, output = key.rsplit("_", 2)
    return int(session), int(output)
