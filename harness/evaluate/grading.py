"""The one place of the evaluation where an answer meets a grader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module

from harness.evaluate.benchmarks import Question
from harness.problems import countdown


@dataclass(frozen=True)
class Verdict:
    correct: bool
    prediction: str | None
    failure: str | None
    """Why the grader itself failed; `correct` is then False, and the result counts it apart."""


def grade(question: Question, answer: str, grader: str) -> Verdict:
    """The embedded problem by its own grader, everything else by `grader` of `harness.graders`."""
    if question.source == countdown.SOURCE:
        key = json.loads(question.ground_truth)
        problem = countdown.Problem(question.problem_id, tuple(key["numbers"]), key["target"])
        result = countdown.grade(problem, answer)
        return Verdict(result.correct, result.prediction, None)
    found = import_module("harness.graders").grade(grader, question.source, answer, question.ground_truth)
    return Verdict(found.correct, found.prediction, found.failure)
