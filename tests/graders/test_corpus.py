"""Both graders on the corpus, and what the docs say of their differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import harness
from harness.graders import GRADERS, MATH_SOURCES
from harness.graders.process import GradingProcess

DOCS = Path(harness.__file__).resolve().parents[1] / "docs" / "graders.md"
PATIENT_S, HASTY_S = 60.0, 1.0
"""Limits for answers that end, however busy the machine is, and for those that never do."""


def expected(row: dict[str, Any], grader: str) -> bool | str:
    return row.get(grader, row["right"])


@pytest.mark.parametrize("grader", GRADERS)
def test_every_answer_is_graded_as_the_corpus_says(corpus: list[dict[str, Any]], grader: str) -> None:
    wrong, process = [], GradingProcess(GRADERS, limit_s=PATIENT_S)
    for row in corpus:
        if expected(row, grader) == "failure":
            continue
        verdict = process.grade(grader, row["source"], row["text"], row["gold"])
        if verdict.failure or verdict.correct is not expected(row, grader):
            wrong.append((row["about"], row["text"][:100], row["gold"][:50], verdict))
    process.close()
    assert wrong == []


@pytest.mark.parametrize("grader", GRADERS)
def test_what_cannot_be_graded_is_a_failure_with_a_reason(corpus: list[dict[str, Any]], grader: str) -> None:
    process = GradingProcess(GRADERS, limit_s=HASTY_S)
    rows = [row for row in corpus if expected(row, grader) == "failure"]
    verdicts = [process.grade(grader, row["source"], row["text"], row["gold"]) for row in rows]
    process.close()
    assert all(verdict.failure and not verdict.correct for verdict in verdicts)
    assert bool(rows) is (grader == "math_verify")
    reasons = {"time limit", "the ground truth cannot be read as a value"}
    assert {verdict.failure for verdict in verdicts} <= reasons


def test_the_corpus_is_large_and_has_both_answers_from_every_kind_of_source(corpus: list[dict[str, Any]]) -> None:
    assert len(corpus) >= 150
    assert {row["source"] for row in corpus} == set(MATH_SOURCES)
    assert 100 < sum(row["right"] for row in corpus) < len(corpus) - 100
    for grader in GRADERS:  # an entry that repeats the mathematician's is a mistake in the corpus
        assert all(row[grader] != row["right"] for row in corpus if grader in row)


def test_the_docs_list_every_answer_that_math_verify_grades_otherwise_than_a_mathematician(
    corpus: list[dict[str, Any]],
) -> None:
    written = DOCS.read_text()
    missing = [line for row in corpus if "math_verify" in row and (line := docs_line(row)) not in written]
    assert missing == []
    differ = {grader: sum(grader in row for row in corpus) for grader in GRADERS}
    assert f"Of the {len(corpus)} pairs of `tests/graders/corpus.jsonl` these are {differ['math_verify']}" in written
    assert f"`released` disagrees with the mathematician on {differ['released']}" in written


def docs_line(row: dict[str, Any]) -> str:
    def said(verdict: bool | str) -> str:
        return verdict if isinstance(verdict, str) else "right" if verdict else "wrong"

    def code(text: str) -> str:
        shown = text if len(text) <= 60 else f"{text[:28]} ... ({len(text)} characters)"
        return f"`{shown}`".replace("|", "\\|")

    answer = row["text"].removeprefix("The answer is $\\boxed{").removesuffix("}$.")
    return f"| {code(answer)} | {code(row['gold'])} | {said(row['right'])} | {said(row['math_verify'])} |"
