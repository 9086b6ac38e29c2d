"""How samples were read before there were columns: every line whole, into pandas. What `scan_file` must agree with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from analysis.sample_files import FIELDS, TYPES


def slow_frame(path: Path, step: int) -> pd.DataFrame:
    """The samples of one file; ValueError in words when they are not one full validation."""
    content = path.read_bytes()
    if not content:
        raise ValueError("the file is empty")
    if not content.endswith(b"\n"):
        raise ValueError("the last line is truncated")
    rows = [_row(line, number, step) for number, line in enumerate(content.splitlines(), start=1)]
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in FIELDS}
    columns["prediction"] = [None if value is None else str(value) for value in columns["prediction"]]
    frame = pd.DataFrame({"step": [step] * len(rows), **columns}).astype(TYPES)
    key = ["source", "problem_id", "sample"]
    if frame.duplicated(key).any():
        twice = frame[frame.duplicated(key)].iloc[0]
        raise ValueError(f"sample {twice['sample']} of {twice['problem_id']} is there twice")
    sizes = frame.groupby(["source", "problem_id"]).size().groupby("source").agg(["min", "max"])
    uneven = sizes[sizes["min"] != sizes["max"]]
    if len(uneven):
        low, high = uneven.iloc[0]
        raise ValueError(f"problems of {uneven.index[0]} have {low} to {high} samples, not one n")
    return frame


def _row(line: bytes, number: int, step: int) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not a record")
    if row.get("step") != step:
        raise ValueError(f"line {number} carries step {row.get('step')!r}")
    if type(row.get("correct")) is not bool:
        raise ValueError(f"line {number} has correct = {row.get('correct')!r}, neither true nor false")
    if type(row.get("sample")) is not int:
        raise ValueError(f"line {number} has sample = {row.get('sample')!r}, not a whole number")
    if not isinstance(row.get("problem_id"), str) or not isinstance(row.get("source"), str):
        raise ValueError(f"line {number} names no problem_id or no source")
    return row
