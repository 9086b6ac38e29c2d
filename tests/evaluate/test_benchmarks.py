"""Prepared benchmarks by name, the embedded problem, and the settings of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError, DataError
from harness.evaluate.benchmarks import load
from harness.evaluate.grading import grade
from harness.evaluate.settings import EvalSettings, whole
from harness.problems.countdown import CountdownConfig, make_problems
from tests.prepared_data import write_prepared

DATA = CountdownConfig(test_problems=5)


def row(index: int) -> dict[str, Any]:
    return {
        "data_source": "aime25",
        "prompt": [{"role": "user", "content": f"What is {index} + 1?"}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": str(index + 1)},
        "extra_info": {"split": "test", "problem_id": f"aime25/{index}"},
    }


def prepared(folder: Path, *rows: dict[str, Any]) -> Path:
    write_prepared(folder, "aime25", list(rows))
    return folder


def test_a_prepared_file_gives_its_rows(tmp_path: Path) -> None:
    benchmark = load("aime25", prepared(tmp_path, row(0), row(1)), DATA)
    second = benchmark.questions[1]
    assert [question.problem_id for question in benchmark.questions] == ["aime25/0", "aime25/1"]
    assert (second.source, second.messages, second.ground_truth) == ("aime25", (("user", "What is 1 + 1?"),), "2")
    assert not benchmark.keeps_special_tokens


def test_the_digest_is_of_the_problems(tmp_path: Path) -> None:
    one = load("aime25", prepared(tmp_path, row(0), row(1)), DATA).digest
    assert load("aime25", prepared(tmp_path, row(0), row(1)), DATA).digest == one
    assert load("aime25", prepared(tmp_path, row(0)), DATA).digest != one


def test_the_embedded_problem_is_the_test_split_with_its_grader(tmp_path: Path) -> None:
    benchmark = load("countdown", tmp_path, DATA)
    problems = make_problems(DATA)["test"]
    assert [question.asked for question in benchmark.questions] == [problem.question for problem in problems]
    assert benchmark.keeps_special_tokens
    right = next(q for q in benchmark.questions if q.asked == "1 7 6=36")
    assert grade(right, "(7-1)*6", "math_verify").correct
    wrong = grade(right, "6*1*7", "math_verify")
    assert (wrong.correct, wrong.prediction, wrong.failure) == (False, "42", None)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'aime52'.*Did you mean 'aime2.*Valid: aime24, "):
        load("aime52", tmp_path, DATA)
    with pytest.raises(DataError, match="entrocraft data prepare math500"):
        load("math500", tmp_path, DATA)
    with pytest.raises(ConfigError, match="problem ids of a benchmark must differ"):
        load("aime25", prepared(tmp_path, row(0), row(0)), DATA)
    with pytest.raises(ConfigError, match=r"row 0 .*KeyError: 'problem_id'"):
        load("aime25", prepared(tmp_path, {**row(0), "extra_info": {"split": "test"}}), DATA)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--temperature", {"temperature": 0.0}),
        ("--temperature", {"temperature": float("nan")}),
        ("--top-p", {"top_p": 1.5}),
        ("--top-k", {"top_k": -1}),
        ("--max-new-tokens", {"max_new_tokens": 0}),
        ("--seed", {"seed": -1}),
        ("--grader", {"grader": "by_eye"}),
    ],
)
def test_a_setting_out_of_range_is_refused_by_the_name_of_its_option(option: str, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"^{option} must be "):
        EvalSettings(**values)


def test_a_count_is_at_least_1() -> None:
    assert whole("--n", 1) == 1
    with pytest.raises(ConfigError, match="--n must be a whole number >= 1"):
        whole("--n", 0)


def test_the_name_says_what_the_samples_are_of() -> None:
    assert EvalSettings().name == "T0.6-p0.95-k20-3072tokens"
    assert EvalSettings(temperature=1, seed=2, grader="released").name == "T1-p0.95-k20-3072tokens-seed2-released"
