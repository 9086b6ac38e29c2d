"""verl's validation dumps, of any reward function, -> the sample lines of a run folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

VERDICTS = {-1: False, 0: False, 1: True}
"""What `score` means where a dump has no `acc`; with any other score nobody knows what was right."""


def write_samples(dump: Path, step: int, source: str | None, out: BinaryIO) -> None:
    """Writes the samples of a dump to `out`, line by line.

    `source`: the benchmark of lines that name none. A problem without an id is known by its prompt and its answer.

    Raises:
        ValueError: a line that is no sample of this step, in words; what was written to `out` is then of no use.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    for number, line in _lines(dump):
        row = _row(line, number, step, source)
        key = (row["source"], row["problem_id"])
        out.write(orjson.dumps({**row, "sample": numbers[key]}, option=orjson.OPT_APPEND_NEWLINE))
        numbers[key] += 1
    if not numbers:
        raise ValueError("the dump is empty")


def _lines(dump: Path) -> Iterator[tuple[int, bytes]]:
    with dump.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                raise ValueError("the last line is truncated")
            yield number, line


def _row(line: bytes, number: int, step: int, source: str | None) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"line {number} is not a record")
    if found.get("step", step) != step:
        raise ValueError(f"line {number} carries step {found['step']!r}")
    benchmark = found.get("source", found.get("data_source", source))
    if not isinstance(benchmark, str):
        raise ValueError(f"line {number} names no benchmark: give --source")
    prediction = found.get("pred")
    return {
        "step": step,
        "problem_id": _problem(found),
        "source": benchmark,
        "correct": _verdict(found, number),
        "score": found.get("score"),
        "prediction": None if prediction in (None, "") else str(prediction),
        "input": found.get("input"),
        "output": found.get("output"),
    }


def _problem(found: dict[str, Any]) -> str:
    if isinstance(found.get("problem_id"), str):
        return str(found["problem_id"])
    asked = orjson.dumps([found.get("input"), found.get("gts")])
    return f"prompt-{hashlib.sha256(asked).hexdigest()[:16]}"


def _verdict(found: dict[str, Any], number: int) -> bool:
    name = "acc" if found.get("acc") is not None else "score"
    value = found.get(name)
    known = VERDICTS if name == "score" else {0: False, 1: True}
    if not isinstance(value, (bool, int, float)) or value not in known:
        raise ValueError(f"line {number} has {name} = {value!r}, which does not say right or wrong")
    return known[int(value)]
