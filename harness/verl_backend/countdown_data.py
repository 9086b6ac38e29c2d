"""Countdown as parquet in verl's schema: the same problems as on the torch backend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import DependencyError
from harness.problems.countdown import SOURCE, CountdownConfig, Problem, make_problems


def write_countdown(config: CountdownConfig, folder: Path) -> dict[str, Path]:
    """Write `train.parquet` and `test.parquet`; their paths by split. Raises DependencyError without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DependencyError(
            "backend=verl writes its data as parquet", "no package pyarrow", "Run `make verl-cpu`, or install pyarrow."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for split, problems in make_problems(config).items():
        paths[split] = folder / f"{split}.parquet"
        pq.write_table(pa.Table.from_pylist([_row(problem, split) for problem in problems]), paths[split])
    return paths


def _row(problem: Problem, split: str) -> dict[str, Any]:
    key = json.dumps({"numbers": list(problem.numbers), "target": problem.target})
    return {
        "data_source": SOURCE,
        "prompt": [{"role": "user", "content": problem.question}],
        "ability": "arithmetic",
        "reward_model": {"style": "rule", "ground_truth": key},
        "extra_info": {"split": split, "problem_id": problem.problem_id},
    }
