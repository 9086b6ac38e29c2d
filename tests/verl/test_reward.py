"""The reward function that verl calls, without verl."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.config import resolve
from harness.errors import InputError
from harness.graders import GRADERS, MATH_SOURCES, Verdict
from harness.problems.countdown import SOURCE
from harness.verl_plugin import reward

KEYS = {"score", "acc", "pred", "problem_id", "source", "grader_failure"}
EXTRA = {"problem_id": "p/7", "split": "test"}


@pytest.fixture(params=list(GRADERS))
def grader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    config = resolve(["backend=verl", "data=numina-100k", f"data.grader={request.param}", "validation.problems=null"])
    monkeypatch.setattr(reward, "run_config", lambda: config)
    return request.param


def test_countdown_needs_no_grader_of_math(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward, "run_config", None)
    key = json.dumps({"numbers": [1, 2], "target": 3})
    assert reward.compute_score(SOURCE, "1+2", key, EXTRA) == {
        "score": 1.0, "acc": 1.0, "pred": "3", "problem_id": "p/7", "source": SOURCE, "grader_failure": "",
    }  # fmt: skip
    wrong = reward.compute_score(SOURCE, "1-2", key, EXTRA)
    assert (wrong["score"], wrong["acc"], wrong["pred"], wrong["grader_failure"]) == (-1.0, 0.0, "-1", "")


@pytest.mark.parametrize("source", MATH_SOURCES)
def test_a_math_answer_is_graded_by_the_runs_grader(grader: str, source: str) -> None:
    right = reward.compute_score(source, r"So \boxed{33}.", "33", EXTRA)
    assert right == {
        "score": 1.0, "acc": 1.0, "pred": "33", "problem_id": "p/7", "source": source, "grader_failure": "",
    }  # fmt: skip
    wrong = reward.compute_score(source, r"So \boxed{34}.", "33", EXTRA)
    assert (wrong["score"], wrong["acc"], wrong["pred"], wrong["grader_failure"]) == (-1.0, 0.0, "34", "")
    by_value = reward.compute_score(source, r"So \boxed{33}.", "033", EXTRA)["acc"]
    assert by_value == (1.0 if grader == "math_verify" else 0.0)


def test_a_failed_grader_is_wrong_with_its_reason_and_the_same_keys(
    grader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reward.graders, "grade", lambda *_: Verdict.failed("time limit"))
    failed: dict[str, Any] = reward.compute_score("numina", r"\boxed{1}", "1", EXTRA)
    assert (failed["score"], failed["acc"], failed["pred"], failed["grader_failure"]) == (-1.0, 0.0, "", "time limit")
    assert set(failed) == KEYS


def test_a_source_without_a_grader_is_refused() -> None:
    with pytest.raises(InputError, match=r"'gsm8k'\. There is one for: countdown, numina, math500"):
        reward.compute_score("gsm8k", "", "", EXTRA)
