"""Lines read one by one, with every field built: slower than `layouts`, and it says what is wrong with which line."""

from __future__ import annotations

import orjson

from harness.dumps.layouts import Layout, Row


def exact_row(line: bytes, number: int, step: int, layout: Layout) -> Row:
    """The Row of a line.

    Raises:
        ValueError: the line is no sample of this step; `number` (from 1) is named.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not a record")
    if row.get("step") != step:
        raise ValueError(f"line {number} carries step {row.get('step')!r}")
    correct, sample = row.get(layout.correct), row.get(layout.sample) if layout.sample else None
    if not is_verdict(correct, layout):
        raise ValueError(f"line {number} has {layout.correct} = {correct!r}, neither true nor false")
    if layout.sample and type(sample) is not int:
        raise ValueError(f"line {number} has sample = {sample!r}, not a whole number")
    if not isinstance(row.get("problem_id"), str) or not isinstance(row.get("source"), str):
        raise ValueError(f"line {number} names no problem_id or no source")
    prediction = row.get(layout.prediction)
    text = None if prediction is None else str(prediction)
    score = row.get("score")
    try:
        number_of = None if score is None else float(score)
    except (TypeError, ValueError):
        raise ValueError(f"line {number} has score = {score!r}, not a number") from None
    return row["source"], row["problem_id"], sample, bool(correct), number_of, text, row.get("output") == ""


def is_verdict(correct: object, layout: Layout) -> bool:
    """Ours is a boolean; verl's may be the number 0 or 1."""
    if type(correct) is bool:
        return True
    return layout.sample is None and type(correct) in (int, float) and correct in (0, 1)
