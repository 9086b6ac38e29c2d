"""Samples as Arrow columns, built batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("source", TEXT),
        ("problem_id", TEXT),
        ("sample", pa.int64()),
        ("correct", pa.bool_()),
        ("score", pa.float64()),
        ("prediction", TEXT),
        ("empty", pa.bool_()),
    ]
)
"""One row a sample. `score` and `prediction` may be null; `empty`: the response has no character."""
BATCH_ROWS = 16_384


class Columns:
    """Columns of blocks in, a table out; at most BATCH_ROWS rows (and a block) are Python objects at a time."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._waiting: list[list[Any]] = [[] for _ in SCHEMA][1:]
        self._batches: list[pa.RecordBatch] = []

    def extend(self, columns: Sequence[list[Any]]) -> None:
        """Adds the columns of SCHEMA without the step.

        Raises:
            ValueError: a number that does not fit its column.
        """
        for waiting, values in zip(self._waiting, columns, strict=True):
            waiting.extend(values)
        if len(self._waiting[0]) >= BATCH_ROWS:
            self._convert()

    def table(self) -> pa.Table:
        """All rows in their order; one chunk and one dictionary a column."""
        self._convert()
        return joined([pa.Table.from_batches(self._batches, SCHEMA)])

    def _convert(self) -> None:
        columns = [[self._step] * len(self._waiting[0]), *self._waiting]
        try:
            arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
        except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"a value does not fit its column ({error})") from None
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
        self._waiting = [[] for _ in self._waiting]


def empty_table() -> pa.Table:
    return SCHEMA.empty_table()


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all tables, in one chunk."""
    whole = pa.concat_tables(tables) if tables else empty_table()
    return whole.unify_dictionaries().combine_chunks()
