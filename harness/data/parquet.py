"""Reading and writing parquet; the only importer of pyarrow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from harness.data.rows import Row
from harness.errors import DataError, DependencyError
from harness.runs.atomic import sync

BATCH = 8192
"""Rows held as Python objects at a time."""


def write_rows(rows: Iterable[Row], path: Path) -> int:
    """Write the rows to `path`, whole or not at all; their number. All rows have the keys and types of the first.

    Raises:
        DataError: no rows. DependencyError: no pyarrow.
    """
    pa, pq = _pyarrow()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    iterator = iter(rows)
    batch = list(islice(iterator, BATCH))
    if not batch:
        raise DataError("a parquet file needs at least one row", f"none for {path.name}", "See what was dropped.")
    table, written = pa.Table.from_pylist(batch), 0
    try:
        with pq.ParquetWriter(temporary, table.schema) as writer:
            while batch:
                writer.write_table(pa.Table.from_pylist(batch, schema=table.schema))
                written += len(batch)
                batch = list(islice(iterator, BATCH))
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)
    return written


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file with the given columns. Raises DataError for a damaged file or a missing column."""
    pa, pq = _pyarrow()
    try:
        with pq.ParquetFile(path) as file:
            if missing := [name for name in columns if name not in file.schema_arrow.names]:
                raise no_column(path, missing, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=BATCH, columns=list(columns)):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "a source file must be readable as parquet", f"{path.name}: {error}", "Download it again."
        ) from error


def no_column(path: Path, missing: Sequence[str], found: Sequence[str]) -> DataError:
    """The refusal of a file without the columns that its data set has."""
    return DataError(
        f"a source file needs the columns {', '.join(missing)}",
        f"{', '.join(found) or 'none'} in {path.name}",
        "Give the file of this data set, or rename its columns.",
    )


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DependencyError(
            "data for verl is parquet and needs pyarrow",
            "no package pyarrow",
            "Run `make verl-cpu`, or install 'entrocraft-harness[data]'.",
        ) from error
    return pyarrow, pyarrow.parquet
