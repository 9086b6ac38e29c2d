"""Countdown as parquet in verl's schema: the same problems as on the torch backend."""

from __future__ import annotations

import json
from pathlib import Path

from harness.data.parquet import write_rows
from harness.data.rows import Row, verl_row
from harness.problems.countdown import SOURCE, CountdownConfig, Problem, make_problems


def write_countdown(config: CountdownConfig, folder: Path, validated: int | None = None) -> dict[str, Path]:
    """Write `train.parquet` and `test.parquet`; their paths by split. Raises DependencyError without pyarrow.

    validated: how many test problems, the first ones, as on the torch backend; verl would choose others. None = all.
    """
    paths = {}
    for split, problems in make_problems(config).items():
        some = problems[:validated] if split == "test" else problems
        paths[split] = folder / f"{split}.parquet"
        write_rows((_row(problem, split) for problem in some), paths[split])
    return paths


def _row(problem: Problem, split: str) -> Row:
    key = json.dumps({"numbers": list(problem.numbers), "target": problem.target})
    return verl_row(SOURCE, problem.question, key, ability="arithmetic", split=split, problem_id=problem.problem_id)
