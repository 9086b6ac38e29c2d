"""A rollout batch out of verl's TransferQueue, as arrays in an order that does not depend on chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import transfer_queue as tq
from numpy.typing import NDArray
from transfer_queue import KVBatchMeta

from harness.core.ragged import Ragged
from harness.core.types import FloatArray, IntArray
from harness.verl_plugin.seen import Columns

TOKENS = ["entropy", "old_log_probs", "advantages", "response_mask", "rm_scores"]


class Named(NamedTuple):
    """A rollout of verl's; sorted by problem and sibling."""

    problem_id: str
    uid: str
    """Of the group, random."""
    sibling: tuple[int, int]
    key: str
    """In the TransferQueue."""


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
    def of(cls, batch: KVBatchMeta, seen: Columns | None = None) -> Rows:
        """seen: the columns of all of the batch, which are read where it is None."""
        keys = real_keys(batch)
        named = _named(keys, batch.partition_id)
        if seen is None:
            tokens = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=TOKENS)
            seen = Columns(keys, {name: tokens[name] for name in TOKENS})
        return cls.read(named, seen)

    @property
    def keys(self) -> list[str]:
        """(N,) in the TransferQueue."""
        return [row.key for row in self.named]

    @classmethod
    def read(cls, named: list[Named], columns: Columns) -> Rows:
        """From the nested TOKENS of the rows, which are in any order and may have others (padding) among them."""
        place = {key: index for index, key in enumerate(columns.keys)}
        order = np.array([place[row.key] for row in named], dtype=np.int64)
        nested: Any = columns.tensors["response_mask"]  # whose offsets torch's types do not know
        offsets = nested.offsets().cpu().numpy()
        starts, lengths = offsets[:-1][order], np.diff(offsets)[order]
        flat = {name: columns.tensors[name].values().cpu().numpy() for name in TOKENS}

        def sorted_(values: NDArray[Any]) -> Ragged:
            parts = [values[start : start + length] for start, length in zip(starts, lengths, strict=True)]
            return Ragged(np.concatenate(parts), lengths)

        mask = flat["response_mask"]
        inside = None if mask.min(initial=1) else sorted_(mask).values.astype(bool)

        def of(name: str) -> Ragged:
            tokens = sorted_(flat[name])
            if inside is None:
                return tokens
            answered = Ragged(inside.astype(np.float64), lengths).sums().astype(np.int64)
            return Ragged(tokens.values[inside], answered)

        return cls(
            named=named,
            groups=np.unique([row.uid for row in named], return_inverse=True)[1].astype(np.int64),
            rewards=Ragged(flat["rm_scores"], np.diff(offsets)).sums()[order],
            advantages=of("advantages"),
            entropy=of("entropy"),
            log_prob=of("old_log_probs"),
        )


def real_keys(batch: KVBatchMeta) -> list[str]:
    """Without verl's padding rows."""
    return [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]


def grader_failures(keys: list[str], partition: str) -> int:
    """How many of the rollouts have no verdict of a grader."""
    extras = tq.kv_batch_get(keys=keys, partition_id=partition, select_fields=["extra_fields"]).pop("extra_fields")
    return sum(extra["reward_extra_info"]["grader_failure"] != "" for extra in extras.tolist())


def _named(keys: list[str], partition: str) -> list[Named]:
    """Sorted. The problem is asked of one rollout of each group."""
    groups = {_uid(key): key for key in keys}
    data = tq.kv_batch_get(keys=list(groups.values()), partition_id=partition, select_fields=["extra_info"])
    infos = dict(zip(groups, data.pop("extra_info").tolist(), strict=True))
    return sorted(Named(infos[_uid(key)]["problem_id"], _uid(key), _sibling(key), key) for key in keys)


def _uid(key: str) -> str:
    return key.rsplit("_", 2)[0]


def _sibling(key: str) -> tuple[int, int]:
    """Session and output of a key `{uid}_{session}_{output}`."""
    _, session, output = key.rsplit("_", 2)
    return int(session), int(output)
