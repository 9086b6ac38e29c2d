"""One sample file -> its columns and its digest, read in blocks: memory does not grow with the length of the texts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

import pyarrow as pa
from xxhash import xxh3_128

from harness.dumps.exact import exact_row
from harness.dumps.layouts import Layout
from harness.dumps.stamps import Stamp, stamp_of
from harness.dumps.table import Columns, empty_table

BLOCK_BYTES = 1 << 19
"""A block stays in the cache of a core from the reading to the decoding."""


@dataclass(frozen=True)
class Scanned:
    """What a file holds.

    digest: "xxh3_128:" and 32 hex digits, of all bytes of the file, also of a damaged one. It tells files apart that
        differ by accident, not by malice: SHA-256 would take as long as the decoding.
    defect: "" or why it is left out whole. stamp: None where it changed while it was read.
    """

    table: pa.Table
    digest: str
    defect: str
    stamp: Stamp | None


def scan_file(path: Path, step: int, layout: Layout) -> Scanned:
    """Reads a file whole: a part of the samples of a step would give another number, so that damage in one line
    leaves out all of them.

    Raises:
        OSError: the file cannot be read.
    """
    return checked(read_lines(path, step, layout), layout)


def checked(found: Scanned, layout: Layout) -> Scanned:
    """What was read of the lines, refused where they are not one full validation."""
    from harness.dumps.whole import check_whole, numbered  # a reading process starts without NumPy, in half the time

    if found.defect:
        return found
    table = found.table if layout.sample else numbered(found.table)
    try:
        check_whole(table)
    except ValueError as error:
        return replace(found, table=empty_table(), defect=str(error))
    return replace(found, table=table)


def read_lines(path: Path, step: int, layout: Layout) -> Scanned:
    """All lines of a file, each for itself; samples that carry no number have none yet.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        before = stamp_of(file)
        digest = xxh3_128()
        reader = _Reader(step, layout)
        blocks = _blocks(file, digest)
        try:
            _check_end(file)
            for block, count in blocks:
                reader.add(block, count)
            table, defect = reader.table(), ""
        except ValueError as error:
            table, defect = empty_table(), str(error)
            for _ in blocks:
                pass
        after = stamp_of(file)
    return Scanned(table, f"xxh3_128:{digest.hexdigest()}", defect, before if before == after else None)


class _Reader:
    """Blocks of whole lines in, a table out."""

    def __init__(self, step: int, layout: Layout) -> None:
        self._step, self._layout = step, layout
        self._columns, self._lines = Columns(step), 0

    def add(self, block: memoryview, count: int) -> None:
        columns = self._layout.columns(block, count, self._step)
        if columns is None:
            lines = enumerate(bytes(block).splitlines(), start=self._lines + 1)
            rows = [exact_row(line, number, self._step, self._layout) for number, line in lines]
            columns = [list(column) for column in zip(*rows, strict=True)]
        self._columns.extend(columns)
        self._lines += len(columns[0])

    def table(self) -> pa.Table:
        return self._columns.table()


def _check_end(file: FileIO) -> None:
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise ValueError("the file is empty")
    if os.pread(file.fileno(), 1, size - 1) != b"\n":
        raise ValueError("the last line is truncated")


def _blocks(file: FileIO, digest: xxh3_128) -> Iterator[tuple[memoryview, int]]:
    """The file in blocks of whole lines, and how many end in each; to be used before the next is asked for, since one
    buffer holds them all. Every byte of the digest is in a block, also what was written while the file was read.

    A fresh buffer a block would cost more than the decoding: its pages are new ones each time.
    """
    buffer, filled = bytearray(BLOCK_BYTES), 0
    while count := file.readinto(memoryview(buffer)[filled:]):
        digest.update(memoryview(buffer)[filled : filled + count])
        filled += count
        cut = buffer.rfind(b"\n", filled - count, filled) + 1
        if cut:
            yield memoryview(buffer)[:cut], _newlines(buffer, cut)
            buffer[: filled - cut] = buffer[cut:filled]
            filled -= cut
        elif filled == len(buffer):  # a line longer than the buffer
            buffer = buffer + bytearray(len(buffer))
    if filled:
        yield memoryview(buffer)[:filled], 0


def _newlines(buffer: bytearray, end: int) -> int:
    """How many there are before `end`: `find` looks at many bytes at a time, `count` at one."""
    count = at = 0
    while at := buffer.find(b"\n", at, end) + 1:
        count += 1
    return count
