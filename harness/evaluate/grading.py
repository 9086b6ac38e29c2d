"""The one place of the evaluation where an answer meets a grader."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from harness.errors import DependencyError
from harness.evaluate.benchmarks import Question
from harness.problems import countdown


@dataclass(frozen=True)
class Verdict:
    correct: bool
    prediction: str | None
    failure: str | None
    """Why the grader itself failed; `correct` is then False, and the result counts it apart."""


def require(questions: Iterable[Question], grader: str) -> None:
    """Grade an empty answer to one question of each source: what graders lack is said before answers are drawn.

    Raises:
        DependencyError: a grader cannot be loaded here. ConfigError: a source that has none.
    """
    for question in {question.source: question for question in questions}.values():
        try:
            grade(question, "", grader)
        except ImportError as error:
            if isinstance(error, DependencyError):
                raise
            raise DependencyError(
                "mathematical answers need harness.graders",
                str(error),
                "Install what it names, or entrocraft-harness again.",
            ) from error


def grade(question: Question, answer: str, grader: str) -> Verdict:
    """The embedded problem by its own grader, everything else by `grader` of `harness.graders`."""
    if question.source == countdown.SOURCE:
        key = json.loads(question.ground_truth)
        problem = countdown.Problem(question.problem_id, tuple(key["numbers"]), key["target"])
        result = countdown.grade(problem, answer)
        return Verdict(result.correct, result.prediction, None)
    found = import_module("harness.graders").grade(grader, question.source, answer, question.ground_truth)
    return Verdict(found.correct, found.prediction, found.failure)
