"""Validation samples: one JSON line a sample, one file a validated step, published whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from harness.errors import RunFolderError
from harness.runs.atomic import write_file
from harness.runs.checkpoints import step_name, steps_in

KEYS = ("step", "problem_id", "source", "sample", "correct", "score", "prediction", "input", "output")
OPTIONAL = ("grader_failure",)
"""Only where there is something to say: the reason why a grader gave no verdict."""
SUFFIX = ".jsonl"


def write_samples(folder: Path, step: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes the samples of ``step``, each with exactly KEYS, and OPTIONAL ones. A replayed step replaces its file."""
    lines = [orjson.dumps(_checked(row, step), option=orjson.OPT_SERIALIZE_NUMPY) for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / f"{step_name(step)}{SUFFIX}", b"".join(line + b"\n" for line in lines))


def read_samples(folder: Path, step: int) -> list[dict[str, Any]]:
    """The samples of ``step``; RunFolderError naming the steps there are."""
    path = folder / f"{step_name(step)}{SUFFIX}"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RunFolderError(
            "samples must be read at a validated step",
            f"step {step} in {str(folder)!r}",
            f"Steps with samples: {samples_steps(folder) or 'none'}.",
        ) from None
    return [orjson.loads(line) for line in content.splitlines()]


def samples_steps(folder: Path) -> list[int]:
    """Steps that have samples, ascending."""
    return steps_in(folder, SUFFIX)


def _checked(row: Mapping[str, Any], step: int) -> dict[str, Any]:
    missing, unknown = sorted(set(KEYS) - set(row)), sorted(set(row) - set(KEYS) - set(OPTIONAL))
    if missing or unknown:
        raise RunFolderError(
            f"a sample must have the keys {', '.join(KEYS)}, and may have {', '.join(OPTIONAL)}",
            f"missing {missing}, unknown {unknown}",
            "Give these and no others; a reader relies on each of them.",
        )
    if row["step"] != step:
        raise RunFolderError(
            f"the samples of step {step} must carry that step",
            repr(row["step"]),
            "Write each step's samples under that step.",
        )
    return {key: row[key] for key in (*KEYS, *OPTIONAL) if key in row}
