"""Samples as Arrow columns, built batch by batch, and the checks that need all samples of a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
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


def numbered(table: pa.Table) -> pa.Table:
    """The table with the samples of each problem numbered from 0 in the order of their rows."""
    source, _ = codes(table, "source")
    problem, problems = codes(table, "problem_id")
    pair = source * len(problems) + problem
    order = np.argsort(pair, kind="stable")
    _, first, sizes = np.unique(pair[order], return_index=True, return_counts=True)
    number = np.empty(len(pair), np.int64)
    number[order] = np.arange(len(pair)) - np.repeat(first, sizes)
    return table.set_column(SCHEMA.get_field_index("sample"), SCHEMA.field("sample"), pa.array(number))


def empty_table() -> pa.Table:
    return SCHEMA.empty_table()


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all tables, in one chunk."""
    whole = pa.concat_tables(tables) if tables else empty_table()
    return whole.unify_dictionaries().combine_chunks()


def codes(table: pa.Table, name: str) -> tuple[np.ndarray, list[str | None]]:
    """(rows,) index into the distinct texts of a TEXT column, -1 for null; and these texts."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # an empty table has no chunk
        return np.zeros(0, np.int64), []
    return column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), column.dictionary.to_pylist()


def check_whole(table: pa.Table) -> None:
    """Refuses (ValueError, in words) samples that are not one full validation: a sample twice, no common n."""
    source, sources = codes(table, "source")
    problem, problems = codes(table, "problem_id")
    pair = source * len(problems) + problem
    order = np.lexsort((np.arange(len(pair)), table["sample"].to_numpy(), pair))
    sample = table["sample"].to_numpy()
    same = (np.diff(pair[order]) == 0) & (np.diff(sample[order]) == 0)
    if same.any():
        first = int(order[1:][same].min())
        raise ValueError(f"sample {sample[first]} of {problems[problem[first]]} is there twice")
    found, sizes = np.unique(pair, return_counts=True)
    of_source = found // len(problems)
    for place in sorted(set(of_source.tolist()), key=lambda place: str(sources[place])):
        mine = sizes[of_source == place]
        if mine.min() != mine.max():
            raise ValueError(f"problems of {sources[place]} have {mine.min()} to {mine.max()} samples, not one n")
