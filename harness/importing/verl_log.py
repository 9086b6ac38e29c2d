"""verl's `file` log -> the records of a run folder."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from harness.errors import DataError

Entry = tuple[int, int, dict[str, float | None]]
"""attempt (from 1), step, metrics."""


def log_entries(path: Path) -> tuple[list[Entry], list[str]]:
    """The records of a log in its order, and what was wrong with it.

    A step number that goes back begins a new attempt (logs of a resumed run, put under one another). Two lines in a
    row of one step are one record where they log different metrics, as older versions of verl do at a validation.

    Raises:
        DataError: a line that is no log entry, a step that is logged twice, no entry at all.
    """
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    defects = ["the last line of the log is truncated"] if len(complete) < len(content) else []
    entries: list[Entry] = []
    for number, line in enumerate(complete.splitlines(), start=1):
        step, data = _entry(line, number)
        attempt, last, known = entries[-1] if entries else (1, -1, {})
        if step == last:
            if twice := sorted(set(known) & set(data)):
                raise DataError(
                    "a step is logged once",
                    f"line {number} logs step {step} again ({twice[0]})",
                    "Remove the line that is not of this run.",
                )
            known.update(data)
            continue
        entries.append((attempt + (step < last), step, data))
    if not entries:
        raise DataError("a log has at least one complete line", f"none in {path.name!r}", "Import a log that has.")
    return entries, defects


def sources_of(entries: list[Entry]) -> list[str]:
    """The benchmarks that the log names: SOURCE of val-core/SOURCE/..."""
    names = {name.split("/")[1] for _, _, data in entries for name in data if name.startswith("val-core/")}
    return sorted(names)


def _entry(line: bytes, number: int) -> tuple[int, dict[str, float | None]]:
    try:
        entry = _parsed(line)
        step, data = entry["step"], entry["data"]
        if type(step) is not int or step < 0 or not isinstance(data, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise DataError(
            "each line of verl's `file` log is an object with step and data",
            f"line {number}: {line[:80].decode('utf-8', 'replace')}",
            "Remove the line; its step is then missing, which is told.",
        ) from None
    return step, dict(_numbers(data))


def _numbers(data: dict[str, Any]) -> Iterator[tuple[str, float | None]]:
    """The metrics that are numbers; one that is not finite is None, as in a run folder."""
    for name, value in data.items():
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            yield name, None
        elif isinstance(value, (int, float)):
            yield name, float(value)


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)  # NaN and Infinity, as Python writes them
