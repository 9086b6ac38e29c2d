"""Countdown: combine all the given numbers with + - * / into the target.

A problem is a multiset of numbers and a target, e.g. `3 7 2=13:`; a right answer is any expression that uses every
number exactly once and has the target as its value, e.g. `(7-2)*3-...`. Problems are generated from a seed; train
and test never share a (numbers, target) pair, whatever the order in which the numbers are printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.errors import ConfigError
from harness.problems.expression import ExpressionError, evaluate

SOURCE = "countdown"
SPLITS = ("train", "test")
MAX_TARGET = 999
OPERATOR_SHARES = (0.3, 0.3, 0.3, 0.1)  # of + - * / in generated expressions; divisions seldom come out whole
PATIENCE = 2000  # fruitless draws in a row after which the generator says that the space is exhausted


@dataclass(frozen=True)
class CountdownConfig:
    """What the generator makes. Difficulty grows with `numbers` and with the range low..high.

    numbers: how many numbers a problem has (2 to 6). low, high: their range, inclusive.
    train_problems, test_problems: sizes of the two disjoint splits. seed: of the generator, not of a run.
    """

    name: str = SOURCE
    numbers: int = 3
    low: int = 1
    high: int = 13
    train_problems: int = 4096
    test_problems: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name != SOURCE:
            raise ConfigError("data.name must be the embedded problem", repr(self.name), f"Set data.name={SOURCE}.")
        if not 2 <= self.numbers <= 6:
            raise ConfigError("data.numbers must be between 2 and 6", str(self.numbers), "Set e.g. data.numbers=3.")
        if not 1 <= self.low <= self.high <= 99:
            raise ConfigError(
                "data.low and data.high must satisfy 1 <= low <= high <= 99",
                f"low {self.low}, high {self.high}",
                "Set e.g. data.low=1 data.high=13.",
            )
        for key in ("train_problems", "test_problems"):
            if getattr(self, key) < 1:
                found = str(getattr(self, key))
                raise ConfigError(f"data.{key} must be at least 1", found, f"Set e.g. data.{key}=200.")


@dataclass(frozen=True)
class Problem:
    """One prompt with its answer key. `problem_id` is stable for a given configuration."""

    problem_id: str
    numbers: tuple[int, ...]
    target: int

    @property
    def question(self) -> str:
        return f"{' '.join(map(str, self.numbers))}={self.target}"


@dataclass(frozen=True)
class Grade:
    correct: bool
    prediction: str | None  # the value the answer has, or None if it has none
    reason: str  # "correct", "wrong value", "wrong numbers" or the parser's complaint

    @property
    def score(self) -> float:
        """+1 for a correct answer, -1 otherwise, as in the authors' release."""
        return 1.0 if self.correct else -1.0


def grade(problem: Problem, answer: str) -> Grade:
    """Check an answer by value with an exact parser (never `eval`)."""
    try:
        result = evaluate(answer)
    except ExpressionError as error:
        return Grade(False, None, str(error))
    prediction = str(result.value)
    if Counter(result.numbers) != Counter(problem.numbers):
        return Grade(False, prediction, "wrong numbers")
    if result.value != problem.target:
        return Grade(False, prediction, "wrong value")
    return Grade(True, prediction, "correct")


def make_problems(config: CountdownConfig) -> dict[str, tuple[Problem, ...]]:
    """The splits `train` and `test`, disjoint in (sorted numbers, target), the same for the same configuration.

    Raises:
        ConfigError: the configured range does not hold that many different problems.
    """
    wanted = {"test": config.test_problems, "train": config.train_problems}
    keys = _distinct_keys(config)
    # The test split is drawn first, so that its problems do not change with the size of the train split.
    return {split: tuple(_take(keys, split, count, config)) for split, count in wanted.items()}


def _take(
    keys: Iterator[tuple[tuple[int, ...], int]], split: str, count: int, config: CountdownConfig
) -> list[Problem]:
    problems = []
    for index in range(count):
        found = next(keys, None)
        if found is None:
            raise ConfigError(
                f"data must give {count} different {split} problems",
                f"{index} from {config.numbers} numbers in {config.low}..{config.high}",
                f"Lower data.{split}_problems or raise data.high.",
            )
        problems.append(Problem(f"{SOURCE}/{split}/{index:05d}", *found))
    return problems


def _distinct_keys(config: CountdownConfig) -> Iterator[tuple[tuple[int, ...], int]]:
    rng = np.random.default_rng(np.random.SeedSequence([config.seed, 0xC0DE]))
    seen: set[tuple[tuple[int, ...], int]] = set()
    failures = 0
    while failures < PATIENCE:
        numbers = tuple(int(n) for n in rng.integers(config.low, config.high + 1, size=config.numbers))
        failures += 1
        try:
            value = evaluate(random_expression(numbers, rng)).value
        except ExpressionError:  # a division by a difference that is zero
            continue
        if value.denominator != 1 or not 1 <= value <= MAX_TARGET:
            continue
        key = (tuple(sorted(numbers)), int(value))
        if key not in seen:
            seen.add(key)
            failures = 0
            yield numbers, int(value)


@dataclass(frozen=True)
class _Term:
    text: str
    strength: int  # how tightly it binds: 1 sums, 2 products, 3 numbers


def random_expression(numbers: tuple[int, ...], rng: np.random.Generator) -> str:
    """A random expression that uses each number once, with the fewest parentheses that keep its meaning."""
    terms = [_Term(str(n), 3) for n in numbers]
    while len(terms) > 1:
        left, right = (terms.pop(int(rng.integers(len(terms)))) for _ in range(2))
        terms.append(_join(left, right, "+-*/"[int(rng.choice(4, p=OPERATOR_SHARES))]))
    return terms[0].text


def _join(left: _Term, right: _Term, operator: str) -> _Term:
    strength = 1 if operator in "+-" else 2
    left_text = f"({left.text})" if left.strength < strength else left.text
    binds_right = right.strength < strength or (operator in "-/" and right.strength == strength)
    right_text = f"({right.text})" if binds_right else right.text
    return _Term(f"{left_text}{operator}{right_text}", strength)
