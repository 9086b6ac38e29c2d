"""Prepared data sets as `entrocraft data prepare` leaves them, of given rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.digest import file_digest
from harness.data.manifest import DataManifest, parquet_path
from harness.data.parquet import write_rows


def write_prepared(folder: Path, name: str, rows: list[Any], said: int | None = None) -> Path:
    """The file of the data set `name` with its manifest, which says `said` rows where that is given."""
    path = parquet_path(folder, name)
    write_rows(rows, path)
    DataManifest(
        name=name, repository=None, revision=None, source_sha256={}, source_rows=len(rows), rows=said or len(rows),
        expected="any", count_allowed=True, dropped={}, parquet_sha256=file_digest(path), tokenizer=None,
        tokenizer_sha256=None, max_tokens=None, system_prompt=None, instruction="", created="2026-11-25T00:00:00",
    ).write(folder)  # fmt: skip
    return path
