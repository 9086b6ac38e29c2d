"""The samples of a benchmark: one JSON line each, appended as they come, read again when an evaluation goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from harness.errors import EvaluationError
from harness.runs.metrics import cut_unterminated_line

KEYS = (
    "problem_id", "source", "sample", "correct", "prediction", "failure", "input", "output", "tokens", "finish",
)  # fmt: skip
"""`sample` counts from 0; `failure`: of the grader, else null; `tokens`: of the answer; `finish`: stop or length."""


class SampleFile:
    """Appends samples, one write of one whole line each; the first cuts off what a killed process left unended."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        cut_unterminated_line(self._handle)

    def append(self, row: Mapping[str, Any]) -> None:
        """Raises EvaluationError where the disk does not take the whole line."""
        line = orjson.dumps({key: row[key] for key in KEYS}, option=orjson.OPT_APPEND_NEWLINE)
        try:
            written = os.write(self._handle, line)
        except OSError as error:
            raise self._refusal(str(error)) from error
        if written != len(line):
            raise self._refusal(f"{written} of {len(line)} bytes fitted")

    def close(self) -> None:
        os.fsync(self._handle)
        os.close(self._handle)

    def _refusal(self, cause: str) -> EvaluationError:
        return EvaluationError(
            f"a sample must fit whole into {str(self.path)!r}", cause, "Free the disk; the same command goes on."
        )


def read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """(problem id, sample) -> its row, of the whole lines that there are.

    Raises:
        EvaluationError: a line that is not a sample.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    rows = {}
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            row = orjson.loads(line)
            rows[row["problem_id"], row["sample"]] = row
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise EvaluationError(
                f"line {number} of {str(path)!r} must be a sample",
                f"{type(error).__name__}: {error}",
                "Remove the line, and run the command again: it draws the sample again.",
            ) from error
    return rows
