"""The countdown problems: solvable, disjoint, reproducible; answers graded by value and by numbers used."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.problems.countdown import (
    MAX_TARGET,
    CountdownConfig,
    Problem,
    grade,
    make_problems,
    random_expression,
)
from harness.problems.expression import ExpressionError, evaluate

SMALL = CountdownConfig(train_problems=300, test_problems=50)
PROBLEM = Problem("countdown/test/00000", (3, 7, 2), 13)


def key(problem: Problem) -> tuple[tuple[int, ...], int]:
    return tuple(sorted(problem.numbers)), problem.target


@given(st.lists(st.integers(1, 99), min_size=2, max_size=6), st.integers(0, 2**32))
def test_a_random_expression_uses_each_number_once(numbers: list[int], seed: int) -> None:
    expression = random_expression(tuple(numbers), np.random.default_rng(seed))
    try:
        used = evaluate(expression).numbers
    except ExpressionError as error:
        assert "division by zero" in str(error)
    else:
        assert Counter(used) == Counter(numbers)


@given(st.permutations((3, 7, 11, 19, 31, 47, 61, 83)), st.integers(2, 6), st.integers(0, 2**32))
def test_a_random_expression_has_no_parentheses_to_spare(primes: list[int], count: int, seed: int) -> None:
    """Without any one pair of them it has another value."""
    expression = random_expression(tuple(primes[:count]), np.random.default_rng(seed))
    opened: list[int] = []
    for index, character in enumerate(expression):
        if character == "(":
            opened.append(index)
        elif character == ")":
            start = opened.pop()
            without = expression[:start] + expression[start + 1 : index] + expression[index + 1 :]
            assert evaluate(without).value != evaluate(expression).value


def test_random_expressions_have_every_shape() -> None:
    """Those with a right operand that needs its parentheses among them."""
    rng = np.random.default_rng(0)
    drawn = Counter(re.sub(r"\d+", "n", random_expression((5, 7, 9), rng)) for _ in range(4_000))
    needed = ["n-(n-n)", "n-(n+n)", "n/(n/n)", "n/(n*n)", "(n+n)*n", "n*(n+n)", "n/(n-n)", "n-n*n", "n+n+n"]
    assert all(drawn[shape] >= 5 for shape in needed), drawn
    assert sum(drawn[f"n{a}n{b}n"] for a in "+-*/" for b in "+-*/") > 1_000


@pytest.mark.parametrize("config", [SMALL, replace(SMALL, numbers=2, high=30), replace(SMALL, numbers=5)], ids=str)
def test_problems_are_within_the_configuration(config: CountdownConfig) -> None:
    splits = make_problems(config)
    assert {name: len(problems) for name, problems in splits.items()} == {"train": 300, "test": 50}
    for name, problems in splits.items():
        assert [p.problem_id for p in problems] == [f"countdown/{name}/{i:05d}" for i in range(len(problems))]
        for problem in problems:
            assert len(problem.numbers) == config.numbers
            assert all(config.low <= n <= config.high for n in problem.numbers)
            assert 1 <= problem.target <= MAX_TARGET


def test_every_problem_has_an_answer() -> None:
    """Found by trying every expression over two numbers."""
    problems = make_problems(replace(SMALL, numbers=2, high=30))
    for problem in (*problems["train"], *problems["test"]):
        a, b = problem.numbers
        answers = [f"{x}{operator}{y}" for x, y in ((a, b), (b, a)) for operator in "+-*/"]
        assert any(grade(problem, answer).correct for answer in answers)


def test_the_splits_share_no_problem_whatever_the_order_of_the_numbers() -> None:
    splits = make_problems(CountdownConfig())
    keys = [key(problem) for problems in splits.values() for problem in problems]
    assert len(set(keys)) == len(keys) == 4096 + 200


def test_the_same_configuration_gives_the_same_problems_and_another_seed_others() -> None:
    assert make_problems(SMALL) == make_problems(replace(SMALL))
    assert make_problems(SMALL)["test"] != make_problems(replace(SMALL, seed=1))["test"]


def test_the_test_split_does_not_depend_on_the_size_of_the_train_split() -> None:
    assert make_problems(SMALL)["test"] == make_problems(replace(SMALL, train_problems=10))["test"]


def test_an_exhausted_space_is_refused() -> None:
    """Two numbers, 1 or 2: (1,1)=2,1  (1,2)=1,2,3  (2,2)=1,4: seven problems (targets are at least 1)."""
    tiny = CountdownConfig(numbers=2, low=1, high=2, train_problems=5, test_problems=2)
    assert len({key(p) for problems in make_problems(tiny).values() for p in problems}) == 7
    with pytest.raises(
        ConfigError, match=r"6 different train problems.*5 from 2 numbers in 1\.\.2.*Lower data\.train_problems"
    ):
        make_problems(replace(tiny, train_problems=6))


@pytest.mark.parametrize(
    ("answer", "correct", "prediction", "reason"),
    [
        ("3+7*2-4", False, "13", "wrong numbers"),
        ("2*3+7", True, "13", "correct"),
        ("7+3*2", True, "13", "correct"),
        ("(7)+(3*2)", True, "13", "correct"),
        ("7+3+2", False, "12", "wrong value"),
        ("13", False, "13", "wrong numbers"),
        ("7+3*2+0", False, "13", "wrong numbers"),
        ("7+3*2*1", False, "13", "wrong numbers"),
        ("7/2+3", False, "13/2", "wrong value"),
        ("7+3*2=13", False, None, "unexpected '=' at position 5"),
        ("7/(3-3)", False, None, "division by zero"),
        ("", False, None, "a number or '(' must stand at position 0"),
    ],
)
def test_grading(answer: str, correct: bool, prediction: str | None, reason: str) -> None:
    result = grade(PROBLEM, answer)
    assert (result.correct, result.prediction, result.reason) == (correct, prediction, reason)
    assert result.score == (1.0 if correct else -1.0)


def test_a_number_given_twice_must_be_used_twice() -> None:
    twice = Problem("countdown/test/00000", (4, 4, 2), 10)
    assert grade(twice, "4+4+2").correct
    assert grade(twice, "4*2+2").reason == "wrong numbers"


def test_the_question_shows_the_numbers_and_the_target() -> None:
    assert PROBLEM.question == "3 7 2=13"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"name": "gsm8k"}, "data.name must be .*got 'gsm8k'.*data.name=countdown"),
        ({"numbers": 1}, "data.numbers must be between 2 and 6; got 1"),
        ({"numbers": 7}, "data.numbers must be between 2 and 6; got 7"),
        ({"low": 5, "high": 4}, "low 5, high 4"),
        ({"low": 0}, "1 <= low"),
        ({"high": 100}, "high <= 99"),
        ({"train_problems": 0}, "data.train_problems must be at least 1"),
        ({"test_problems": 0}, "data.test_problems must be at least 1"),
    ],
)
def test_refused_configurations(setting: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CountdownConfig(**setting)  # type: ignore[arg-type]
