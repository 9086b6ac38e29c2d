"""What needs all samples of a step: their numbers within a problem, and whether they are one full validation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.dumps.table import SCHEMA


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
