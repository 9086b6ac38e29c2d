"""What the samples of a run must agree on with its configuration and with one another, beyond a single file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from harness.dumps.whole import codes


def checked(table: pa.Table, config: Mapping[str, Any]) -> tuple[pa.Table, list[str]]:
    """The table without the steps that have another n than `validation.samples`, and one sentence for each of them;
    then what is odd and stays: steps with fewer problems than the others, empty responses."""
    table, defects = _right_n(table, config)
    return table, [*defects, *_fewer_problems(table), *_empty(table)]


def _right_n(table: pa.Table, config: Mapping[str, Any]) -> tuple[pa.Table, list[str]]:
    validation = config.get("validation")
    asked = validation.get("samples") if isinstance(validation, Mapping) else None
    if asked is None or not table.num_rows:
        return table, []
    step, wrong = table["step"].to_numpy(), {}
    for at, n in _sizes(table):
        if n != asked:
            wrong[at] = n
    words = [f"samples of step {at} left out: n = {n}, the configuration draws {asked}" for at, n in wrong.items()]
    return (table.filter(pa.array(~np.isin(step, list(wrong)))) if wrong else table), words


def _sizes(table: pa.Table) -> list[tuple[int, int]]:
    """(step, n) of each step and benchmark; within them n is one, which the file's own check has seen to."""
    step = table["step"].to_numpy()
    _, first, sizes = np.unique(_problem_keys(table), return_index=True, return_counts=True)
    return sorted({(int(step[place]), int(n)) for place, n in zip(first, sizes, strict=True)})


def _fewer_problems(table: pa.Table) -> list[str]:
    _, first = np.unique(_problem_keys(table), return_index=True)
    steps, problems = np.unique(table["step"].to_numpy()[first], return_counts=True)
    most = problems.max(initial=0)
    return [
        f"samples of step {at} are of {found} problems, of {most} at other steps"
        for at, found in zip(steps, problems, strict=True)
        if found < most
    ]


def _empty(table: pa.Table) -> list[str]:
    empty = table["empty"].to_numpy().astype(bool)
    if not empty.any():
        return []
    first = table["step"].to_numpy()[empty].min()
    return [f"{empty.sum()} of {len(empty)} samples have an empty response, first at step {first}; graded as recorded"]


def _problem_keys(table: pa.Table) -> np.ndarray:
    """(rows,) one number for each step, benchmark and problem."""
    source, sources = codes(table, "source")
    problem, problems = codes(table, "problem_id")
    _, at = np.unique(table["step"].to_numpy(), return_inverse=True)
    return (at * max(1, len(sources)) + source) * max(1, len(problems)) + problem
