"""Parquet is written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_sources import read

from harness.data import parquet
from harness.data.parquet import write_rows
from harness.data.rows import Row


def rows(count: int, fail: bool = False) -> Iterator[Row]:
    for i in range(count):
        yield {"number": i, "messages": [{"role": "user", "content": str(i)}]}
    if fail:
        raise OSError("no space left")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH", 3)


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_all_batches_are_written(count: int, tmp_path: Path) -> None:
    assert write_rows(rows(count), tmp_path / "x.parquet") == count
    assert read(tmp_path / "x.parquet") == list(rows(count))


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    write_rows(rows(2), tmp_path / "x.parquet")
    with pytest.raises(OSError, match="no space left"):
        write_rows(rows(7, fail=True), tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet") == list(rows(2))
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]
