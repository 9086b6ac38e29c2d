"""The sampling error of a score: how far it would move with other answers, or with other problems.

Shapes: S seeds, P problems, n answers of each problem. Scores and errors are in percent and percentage points.
Two errors, because a benchmark may be taken in two ways:

- answers: the same problems, answered again. Given the rates p_i of the problems, the variance of mean@n is
  sum p_i (1 - p_i) / (n P^2), and that of pass@n is sum q_i (1 - q_i) / P^2 with q_i = 1 - (1 - p_i)^n.
- problems: other problems of the same kind, answered anew. The variance is that of the problems' scores, over P.

A printed score p says nothing of its p_i. Both sums are concave in them, so p (1 - p) / (n P) and p (1 - p) / P
(binomial) are the most that they can be: errors of the paper's numbers are upper bounds. Neither holds the noise
between training seeds; the paper has one seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.paper.cells import MEAN, SAMPLES, Column
from harness.core.pass_at_k import pass_at_k

RESOLVED = 1.96
"""Standard errors; 95 % of a normal distribution lies within."""


@dataclass(frozen=True)
class Score:
    """A score in percent with its standard errors in percentage points (NaN: not known)."""

    value: float
    answers: float
    problems: float


def printed_score(value: float, column: Column) -> Score:
    """A printed percentage with the largest errors that it can have."""
    p, problems = value / 100, column.benchmark.problems
    most = math.sqrt(p * (1 - p) / problems)
    answers = most / math.sqrt(SAMPLES) if column.metric == MEAN else most
    return Score(value, 100 * answers, 100 * most)


def measured_score(correct: ArrayLike, n: int, column: Column) -> Score:
    """The score of (S, P) correct counts out of n, with estimated errors.

    Several seeds are averaged; the error of problems then has the variance between the seeds' scores in it too.
    """
    counts = np.asarray(correct, dtype=np.float64)
    seeds, problems = counts.shape
    rates = counts / n
    if column.metric == MEAN:
        scores, within = rates, rates * (1 - rates) / (n - 1)
    else:
        missed = (1 - rates) ** n
        scores, within = pass_at_k(n, counts, n), missed * (1 - missed)
    answers = math.sqrt(within.sum()) / (seeds * problems)
    by_problem = scores.mean(axis=0)
    variance = by_problem.var(ddof=1) / problems if problems > 1 else math.nan
    if seeds > 1:
        variance += scores.mean(axis=1).var(ddof=1) / seeds
    return Score(100 * float(scores.mean()), 100 * answers, 100 * math.sqrt(variance))


def average(scores: Sequence[Score]) -> Score:
    """The mean of independent scores, such as those of different benchmarks."""
    size = len(scores)
    return Score(
        sum(score.value for score in scores) / size,
        math.sqrt(sum(score.answers**2 for score in scores)) / size,
        math.sqrt(sum(score.problems**2 for score in scores)) / size,
    )


def difference(left: Score, right: Score) -> Score:
    """left - right, both taken as independent. Two methods answer the same problems, which makes the true error of
    problems smaller where they agree on what is hard: without the pairs it is an upper bound."""
    return Score(
        left.value - right.value, math.hypot(left.answers, right.answers), math.hypot(left.problems, right.problems)
    )
