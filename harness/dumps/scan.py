"""One sample file -> its columns and its digest, read in blocks: memory does not grow with the length of the texts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.dumps.exact import exact_row
from harness.dumps.layouts import Layout
from harness.dumps.stamps import Stamp, stamp_of
from harness.dumps.table import Columns, check_whole, empty_table, numbered

BLOCK_BYTES = 1 << 18
"""A block stays in the cache of a core from the reading to the decoding."""


@dataclass(frozen=True)
class Scanned:
    """What a file holds. `defect`: "" or why it is left out whole; `stamp`: None where it changed while it was read."""

    table: pa.Table
    sha256: str
    defect: str
    stamp: Stamp | None


def scan_file(path: Path, step: int, layout: Layout) -> Scanned:
    """Reads a file whole: a part of the samples of a step would give another number, so that damage in one line
    leaves out all of them. The digest is of all bytes, also of a damaged file.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        before = stamp_of(file)
        digest = hashlib.sha256()
        reader = _Reader(step, layout)
        blocks = _blocks(file, digest)
        try:
            _check_end(file)
            for block in blocks:
                reader.add(block)
            table, defect = reader.table(), ""
        except ValueError as error:
            table, defect = empty_table(), str(error)
            for _ in blocks:
                pass
        after = stamp_of(file)
    return Scanned(table, digest.hexdigest(), defect, before if before == after else None)


class _Reader:
    """Blocks of whole lines in, a checked table out."""

    def __init__(self, step: int, layout: Layout) -> None:
        self._step, self._layout = step, layout
        self._columns, self._lines = Columns(step), 0

    def add(self, block: memoryview) -> None:
        columns = self._layout.columns(block, self._step)
        if columns is None:
            lines = enumerate(bytes(block).splitlines(), start=self._lines + 1)
            rows = [exact_row(line, number, self._step, self._layout) for number, line in lines]
            columns = [list(column) for column in zip(*rows, strict=True)]
        self._columns.extend(columns)
        self._lines += len(columns[0])

    def table(self) -> pa.Table:
        table = self._columns.table()
        if self._layout.sample is None:
            table = numbered(table)
        check_whole(table)
        return table


def _check_end(file: FileIO) -> None:
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise ValueError("the file is empty")
    if os.pread(file.fileno(), 1, size - 1) != b"\n":
        raise ValueError("the last line is truncated")


def _blocks(file: FileIO, digest: Any) -> Iterator[memoryview]:
    """The file in blocks of whole lines, each to be used before the next is asked for: one buffer holds them all.

    A fresh buffer a block would cost more than the decoding: its pages are new ones each time.
    """
    buffer, filled = bytearray(BLOCK_BYTES), 0
    while count := file.readinto(memoryview(buffer)[filled:]):
        digest.update(memoryview(buffer)[filled : filled + count])
        filled += count
        cut = buffer.rfind(b"\n", filled - count, filled) + 1
        if cut:
            yield memoryview(buffer)[:cut]
            buffer[: filled - cut] = buffer[cut:filled]
            filled -= cut
        elif filled == len(buffer):  # a line longer than the buffer
            buffer = buffer + bytearray(len(buffer))
