"""The one place of the evaluation where an answer meets a grader."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness import graders
from harness.evaluate.benchmarks import Question
from harness.graders import Verdict
from harness.problems import countdown


def require(questions: Iterable[Question], grader: str) -> None:
    """Grade an empty answer to one question of each source: what graders lack is said before answers are drawn.

    Raises:
        ConfigError: a source that has none, or no such grader.
    """
    for question in {question.source: question for question in questions}.values():
        grade(question, "", grader)


def grade(question: Question, answer: str, grader: str) -> Verdict:
    """The embedded problem by its own grader, everything else by `grader` of `harness.graders`."""
    if question.source == countdown.SOURCE:
        key = json.loads(question.ground_truth)
        problem = countdown.Problem(question.problem_id, tuple(key["numbers"]), key["target"])
        result = countdown.grade(problem, answer)
        return Verdict(result.correct, result.prediction, None)
    return graders.grade(grader, question.source, answer, question.ground_truth)
