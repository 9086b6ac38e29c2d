"""Validation samples of one run folder -> one frame. The one place that reads sample files.

Only the fields that an estimator needs are kept; prompts and outputs stay on the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from analysis.reading import sha256
from harness.runs.checkpoints import step_name, steps_in

SAMPLES, SUFFIX = "samples", ".jsonl"
FIELDS = ("source", "problem_id", "sample", "correct", "score", "prediction")


def read_samples(folder: Path, last_step: int) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """The samples of a run folder, all validated steps up to `last_step`, the last one that has a record: files of
    later steps are from before the run was taken back to a checkpoint.

    Returns:
        frame: step, source, problem_id, sample (int), correct (bool), score (float), prediction (str or
        missing).
        defects: one sentence for each step whose file is damaged; such a step is left out whole, because a
            part of its samples would give another number.
        digests: file name relative to the run -> sha256 of the bytes read.
    """
    parts, defects, digests = [], [], {}
    for step in (step for step in steps_in(folder / SAMPLES, SUFFIX) if step <= last_step):
        name = f"{SAMPLES}/{step_name(step)}{SUFFIX}"
        content = (folder / name).read_bytes()
        digests[name] = sha256(content)
        try:
            part = _frame(content, step)
        except ValueError as error:
            defects.append(f"samples of step {step} left out: {error}")
            continue
        parts.append(part)
    return (pd.concat(parts, ignore_index=True) if parts else empty_samples()), defects, digests


def empty_samples() -> pd.DataFrame:
    return _typed({"step": [], **{name: [] for name in FIELDS}})


def _frame(content: bytes, step: int) -> pd.DataFrame:
    """The samples of one file, checked: ValueError in words when they are not one full validation."""
    if not content:
        raise ValueError("the file is empty")
    if not content.endswith(b"\n"):
        raise ValueError("the last line is truncated")
    rows = [_row(line, number, step) for number, line in enumerate(content.splitlines(), start=1)]
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in FIELDS}
    frame = _typed({"step": [step] * len(rows), **columns})
    if frame.duplicated(["source", "problem_id", "sample"]).any():
        twice = frame[frame.duplicated(["source", "problem_id", "sample"])].iloc[0]
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


def _typed(columns: dict[str, list[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame["prediction"] = [None if value is None else str(value) for value in columns["prediction"]]
    return frame.astype(
        {
            "step": "int64",
            "source": "str",
            "problem_id": "str",
            "sample": "int64",
            "correct": "bool",
            "score": "float64",
            "prediction": "object",
        }
    )
