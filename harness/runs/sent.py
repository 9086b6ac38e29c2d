"""Which steps of a run a mirror has been given: one JSON line each, so that no step is given twice.

A step that a run was taken back from, and made again otherwise, is seen by its digest: what was given stays given.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from harness.runs.metrics import Record, cut_unterminated_line

CLOCKED = ("timing_s/", "perf/")
"""Prefixes of metrics that differ each time the same step is made."""


class Given(NamedTuple):
    mode: str
    """offline or online; or `there` for a step that the other side already had."""
    digest: str
    """Of the values; empty where they are not known."""


class SentSteps:
    """The file of one run; whoever adds to it holds the lock of its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given = _read(path)

    @property
    def last(self) -> int:
        """The highest step that was given; -1 where none was."""
        return max(self.given, default=-1)

    def pending(self, records: Iterable[Record]) -> list[Record]:
        """Records behind the last step that was given; a mirror takes steps in rising order only."""
        return [record for record in records if record["step"] > self.last]

    def otherwise(self, records: Iterable[Record]) -> list[int]:
        """Steps that can no longer be given as the records have them: given with other values, or passed over."""
        return [record["step"] for record in records if record["step"] <= self.last and not self._has(record)]

    def _has(self, record: Record) -> bool:
        given = self.given.get(record["step"])
        return given is not None and given.digest in ("", digest(record["data"]))

    def add(self, steps: Mapping[int, Given]) -> None:
        """Append steps, whole; what a killed writer left unterminated is cut off."""
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            cut_unterminated_line(handle)
            lines = [{"step": step, **given._asdict()} for step, given in steps.items()]
            os.write(handle, b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
            os.fsync(handle)
        finally:
            os.close(handle)
        self.given.update(steps)

    def forget(self) -> None:
        """As if nothing had been given."""
        self.path.unlink(missing_ok=True)
        self.given.clear()


def digest(data: Mapping[str, float | None]) -> str:
    """Of a record's values, without those that a clock makes; NaN and null are the same."""
    kept = {key: value for key, value in data.items() if not key.startswith(CLOCKED)}
    content = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _read(path: Path) -> dict[int, Given]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    lines = map(orjson.loads, content[: content.rfind(b"\n") + 1].splitlines())
    return {line["step"]: Given(line["mode"], line["digest"]) for line in lines}
