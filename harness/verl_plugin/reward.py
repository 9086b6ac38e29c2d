"""verl's custom reward function: the embedded problem's own grader.

verl's naive reward manager decodes without special tokens before it calls this, where the torch backend keeps them
(docs/fidelity.md).
"""

from __future__ import annotations

import json
from typing import Any

from harness.errors import InputError
from harness.problems.countdown import SOURCE, Problem, grade


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict[str, Any]) -> dict[str, Any]:
    """Score (+1 right, -1 wrong) with what a validation dump must carry: acc, pred, problem_id, source.

    Raises:
        InputError: a data source that has no grader here.
    """
    if data_source != SOURCE:
        raise InputError("data_source must have a grader", repr(data_source), f"There is one for: {SOURCE}.")
    key = json.loads(ground_truth)
    problem = Problem(extra_info["problem_id"], tuple(key["numbers"]), key["target"])
    result = grade(problem, solution_str)
    return {
        "score": result.score,
        "acc": float(result.correct),
        "pred": result.prediction or "",
        "problem_id": problem.problem_id,
        "source": data_source,
    }
