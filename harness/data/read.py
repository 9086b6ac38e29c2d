"""Reading the files of a data set, from a hub or local: parquet, JSON lines, JSON, CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.data.parquet import no_column, read_rows
from harness.errors import DataError

SUFFIXES = (".parquet", ".jsonl", ".json", ".csv")
"""What can be read. Where a folder has a split in several forms, the first of them is taken."""


def source_files(path: Path, split: str) -> tuple[Path, ...]:
    """The files of a source: `path` itself, or the files of a folder whose names begin with the split, in order.

    Raises:
        DataError: nothing there, or nothing that can be read.
    """
    if path.is_file() and path.suffix in SUFFIXES:
        return (path,)
    if not path.is_dir():
        found = f"{str(path)!r}" + ("" if path.is_file() else ", which does not exist")
        raise DataError(f"a source must be a folder or a file of {', '.join(SUFFIXES)}", found, "Give another.")
    for suffix in SUFFIXES:
        if files := sorted(path.rglob(f"{split}*{suffix}")):
            return tuple(files)
    there = sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())
    raise DataError(
        f"a folder of a data set needs files named {split}* of {', '.join(SUFFIXES)}",
        f"{', '.join(there[:10]) or 'nothing'} in {str(path)!r}",
        "Give the file itself.",
    )


def read(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of one file with the given columns.

    Raises:
        DataError: a damaged file, or one without a column.
    """
    if path.suffix == ".parquet":
        yield from read_rows(path, columns)
        return
    try:
        for place, row in _text_rows(path):
            if not isinstance(row, dict):
                raise DataError("a row must be an object", f"{str(row)[:40]!r} in {path.name}, {place}", "Repair it.")
            if missing := [name for name in columns if name not in row]:
                raise no_column(path, missing, list(row))
            yield {name: row[name] for name in columns}
    except (ValueError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        kind = path.suffix.removeprefix(".")
        raise DataError(
            f"a source file must be readable as {kind}", f"{path.name}: {error}", "Download it again."
        ) from error


def _text_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """(place, row) of a text file."""
    with path.open(encoding="utf-8", newline="" if path.suffix == ".csv" else None) as file:
        if path.suffix == ".csv":
            rows: Iterator[Any] = csv.DictReader(file, strict=True)
        elif path.suffix == ".jsonl":
            rows = (json.loads(line) for line in file if line.strip())
        else:
            whole = json.load(file)
            rows = iter(whole if isinstance(whole, list) else [whole])
        for number, row in enumerate(rows, start=1):
            yield f"row {number}", row
