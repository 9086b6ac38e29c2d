"""The metrics file: one JSON record a step, appended whole; and reading it across attempts.

A writer that dies leaves at most one unterminated line, at the end. Readers ignore it; the next writer
cuts it off before it appends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict, cast

import orjson

from harness.errors import RunFolderError
from harness.runs.manifest import SCHEMA
from harness.runs.space import append_whole

TAIL_BYTES = 65_536


class Record(TypedDict):
    """What one attempt measured in one step; ``time`` in Unix seconds, None stands for a NaN."""

    schema: int
    step: int
    attempt: int
    time: float
    data: dict[str, float | None]


class MetricsWriter:
    """Appends records to a metrics file, one write(2) of one full line each; open as long as its process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        cut_unterminated_line(self._handle)

    def append(self, step: int, data: Mapping[str, float | None], attempt: int) -> None:
        """Appends a record; a disk that takes only part of the line is left as it was, and refused."""
        record = Record(schema=SCHEMA, step=step, attempt=attempt, time=time.time(), data=dict(data))
        line = orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
        try:
            append_whole(self._handle, line)
        except OSError as error:
            raise self._refusal(step, str(error)) from error

    def sync(self) -> None:
        """Flushes the records to the disk, for what must not be younger than they are (a checkpoint)."""
        os.fsync(self._handle)

    def _refusal(self, step: int, cause: str) -> RunFolderError:
        return RunFolderError(
            f"the record of step {step} must fit whole into {str(self._path)!r}",
            cause,
            "Free the disk and start the run again: it resumes from its checkpoint.",
        )


def cut_unterminated_line(handle: int) -> None:
    """Truncates the open file to its last newline: what follows is a record whose writer died."""
    end = os.fstat(handle).st_size
    position = end
    while position > 0:
        start = max(0, position - TAIL_BYTES)
        newline = os.pread(handle, position - start, start).rfind(b"\n")
        if newline >= 0:
            position = start + newline + 1
            break
        position = start
    if position < end:
        os.ftruncate(handle, position)


def read_records(path: Path) -> list[Record]:
    """Every complete record in the order of writing, replayed steps included; [] where there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    complete = content[: content.rfind(b"\n") + 1].splitlines()
    return [parse_record(line, path, number) for number, line in enumerate(complete, start=1)]


def last_record(path: Path) -> Record | None:
    """The record written last, at a cost that does not grow with the file; None where there is none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - TAIL_BYTES))
            tail = file.read()
    except FileNotFoundError:
        return None
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    # The first line of a tail may have lost its beginning; only a whole file's first line is safe.
    if len(lines) > 1 or (lines and end <= TAIL_BYTES):
        return parse_record(lines[-1], path, None)
    records = read_records(path)
    return records[-1] if records else None


def stitch(records: Iterable[Record]) -> list[Record]:
    """One record a step, in order of steps: those of the policy that there is now.

    An attempt goes back to a checkpoint, so from its first record on what earlier attempts wrote is of a policy
    that is gone. While it has not come as far as they had, the run is as short as that.
    """
    kept: dict[int, Record] = {}
    attempt = 0
    for record in sorted(records, key=lambda record: record["attempt"]):
        if record["attempt"] > attempt:
            attempt = record["attempt"]
            kept = {step: earlier for step, earlier in kept.items() if step < record["step"]}
        kept[record["step"]] = record
    return [kept[step] for step in sorted(kept)]


def parse_record(line: bytes, path: Path, number: int | None) -> Record:
    """The record of a line, whose `number` (None: the last one) and file the refusal names."""
    where = f"line {number}" if number else "the last line"
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RunFolderError(
            f"{where} of {str(path)!r} must be a JSON record",
            str(error),
            "Remove the line; its step is lost.",
        ) from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RunFolderError(
            f"{where} of {str(path)!r} must be a record of schema {SCHEMA}",
            line[:80].decode("utf-8", "replace"),
            "Read it with the version that wrote it.",
        )
    return cast(Record, record)
