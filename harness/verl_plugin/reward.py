"""verl's custom reward function: the embedded problem's own grader, and the run's grader for math answers.

verl's naive reward manager decodes without special tokens before it calls this, where the torch backend keeps them
(docs/fidelity.md).
"""

from __future__ import annotations

import json
from typing import Any

from harness import graders
from harness.config.math_data import MathDataConfig
from harness.errors import InputError
from harness.problems.countdown import SOURCE, Problem, grade
from harness.verl_plugin.settings import run_config


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict[str, Any]) -> dict[str, Any]:
    """Score (+1 right, -1 wrong) with what a validation dump must carry: acc, pred, problem_id, source, and
    grader_failure, the reason why a grader gave no verdict (the answer then counts as wrong), or "".

    verl needs the same keys for all rows of a batch.

    Raises:
        InputError: a data source that has no grader here.
    """
    if data_source == SOURCE:
        key = json.loads(ground_truth)
        result = grade(Problem(extra_info["problem_id"], tuple(key["numbers"]), key["target"]), solution_str)
        score, correct, prediction, failure = result.score, result.correct, result.prediction, None
    elif data_source in graders.MATH_SOURCES:
        data = run_config().data
        assert isinstance(data, MathDataConfig)  # only its files have these sources
        verdict = graders.grade(data.grader, data_source, solution_str, ground_truth)
        score, correct, prediction, failure = verdict.score, verdict.correct, verdict.prediction, verdict.failure
    else:
        known = ", ".join((SOURCE, *graders.MATH_SOURCES))
        raise InputError("data_source must have a grader", repr(data_source), f"There is one for: {known}.")
    return {
        "score": score,
        "acc": float(correct),
        "pred": prediction or "",
        "problem_id": extra_info["problem_id"],
        "source": data_source,
        "grader_failure": failure or "",
    }
