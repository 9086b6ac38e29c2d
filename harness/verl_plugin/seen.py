"""verl's TransferQueue as its trainer calls it, with the columns of the batch kept as they pass.

To read a column of 8,192 rows costs .2 to .5 s, whatever its size, and before the update verl itself has read or
written in this process whatever a method needs (`_compute_old_log_prob` and `_compute_advantage` in
verl/trainer/ppo/v1/trainer_base.py). What did not pass by is for the caller to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tensordict import TensorDict
from torch import Tensor
from transfer_queue import KVBatchMeta

PARTITION = "train"


class Columns(NamedTuple):
    """Nested tensors by name, and the key of each of their rows."""

    keys: list[str]
    tensors: dict[str, Tensor]


class Seen:
    """In the place of the module `transfer_queue`, whose functions it has."""

    def __init__(self, queue: Any, names: Sequence[str]) -> None:
        self._queue, self._names = queue, names
        self._columns: dict[str, tuple[list[str], Tensor]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def kv_batch_get(self, keys: list[str], partition_id: str, **options: Any) -> TensorDict:
        data = self._queue.kv_batch_get(keys=keys, partition_id=partition_id, **options)
        self._keep(keys, partition_id, data)
        return data

    def kv_batch_put(self, keys: list[str], partition_id: str, **options: Any) -> KVBatchMeta:
        meta = self._queue.kv_batch_put(keys=keys, partition_id=partition_id, **options)
        self._keep(keys, partition_id, options.get("fields"))
        return meta

    def take(self, keys: list[str]) -> Columns | None:
        """The columns, if the newest of each was of exactly these rows in this order; they are forgotten."""
        columns, self._columns = self._columns, {}
        if set(columns) != set(self._names) or any(of != keys for of, _ in columns.values()):
            return None
        return Columns(keys, {name: tensor for name, (_, tensor) in columns.items()})

    def _keep(self, keys: list[str], partition: str, data: TensorDict | None) -> None:
        if partition != PARTITION or data is None:
            return
        for name in self._names:
            if name in data.keys():  # noqa: SIM118  a TensorDict iterates over rows
                self._columns[name] = (list(keys), data[name])
