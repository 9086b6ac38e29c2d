"""Which parameters the good configurations of a study have in common: PED-ANOVA, against chance. Not a cause.

For each parameter it compares how the best configurations are spread over its values with how all are (Watanabe, Bansal
and Hutter 2023; for parameters that only some configurations have, its conditional form): 0 where both are spread
alike. With few configurations chance alone makes the two differ, and more so for numbers than for choices, so the
same is computed for values that were dealt out anew, and what that gives on average is taken off.
"""

from __future__ import annotations

import math
import random
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study

from harness.config.space import Value

LEAST_POINTS = 10
LEAST_TOP = 5
"""Of the points, what counts as good at least: PED-ANOVA's own advice."""
TOP = 0.25
SHUFFLES = 19
CHANCE_LEVEL = 0.95
FEW = 6
"""A number with at most so many different values, each more than once on average, is a choice."""
WIDE = 20.0
"""Positive numbers whose largest is so many times the smallest are compared on a log scale."""


@dataclass(frozen=True)
class Importances:
    """Parameter -> importance, the largest first; or the `reason` why there are none."""

    shares: dict[str, float]
    """What is above chance, of the sum of all parameters', 0 to 1."""
    beyond_chance: dict[str, bool]
    """Whether it is larger than in CHANCE_LEVEL of the shuffles of the values."""
    points: int
    top: int
    """How many of the points counted as good."""
    reason: str | None = None


def importances(points: Sequence[Mapping[str, Value]], values: Sequence[float], direction: str) -> Importances:
    """The importances of what differs between points with these values (not finite ones are left out).

    Args:
        points: parameter -> value; a parameter may be absent from some of them.
        direction: minimize or maximize.
    """
    kept = [(point, value) for point, value in zip(points, values, strict=True) if math.isfinite(value)]
    scores = [value if direction == "minimize" else -value for _, value in kept]
    parameters = _parameters([point for point, _ in kept])
    top = min(len(kept), max(LEAST_TOP, math.ceil(TOP * len(kept))))
    reason = _reason(len(kept), parameters, scores)
    if reason is not None:
        return Importances({}, {}, len(kept), top, reason)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, dealer = _study(kept, parameters), random.Random(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at each call it says that low is good
        found = _evaluated(study, scores, parameters, top / len(kept))
        shuffled = [
            _evaluated(study, dealer.sample(scores, len(scores)), parameters, top / len(kept)) for _ in range(SHUFFLES)
        ]
    chance = {key: [each[key] for each in shuffled] for key in parameters}
    above = {key: max(0.0, found[key] - statistics.fmean(chance[key])) for key in parameters}
    whole = math.fsum(above.values())
    ordered = sorted(parameters, key=lambda key: -above[key])
    return Importances(
        {key: above[key] / whole if whole else 0.0 for key in ordered},
        {key: _p(found[key], chance[key]) <= 1 - CHANCE_LEVEL + 1e-9 for key in ordered},
        len(kept),
        top,
    )


def _p(found: float, chance: Sequence[float]) -> float:
    """Of a permutation test: how often shuffled values do as well, the found ones among them."""
    return (1 + sum(each >= found for each in chance)) / (1 + len(chance))


def _reason(points: int, parameters: Mapping[str, BaseDistribution], scores: Sequence[float]) -> str | None:
    if points < LEAST_POINTS:
        return f"{points} complete configurations with a value; at least {LEAST_POINTS} are needed"
    if not parameters:
        return "no parameter differs between the complete configurations"
    return "all complete configurations have the same value" if len(set(scores)) == 1 else None


def _parameters(points: Sequence[Mapping[str, Value]]) -> dict[str, BaseDistribution]:
    """Parameter -> what it ranges over, of those that differ between the points that have it."""
    keys = dict.fromkeys(key for point in points for key in point)
    found = {key: [point[key] for point in points if key in point] for key in keys}
    return {key: _distribution(values) for key, values in found.items() if len(set(values)) > 1}


def _distribution(values: Sequence[Value]) -> BaseDistribution:
    different = sorted(set(values), key=lambda value: (str(type(value)), str(value)))
    numbers = [float(value) for value in values if type(value) in (int, float) and math.isfinite(float(value))]  # type: ignore[arg-type]
    if len(numbers) < len(values) or len(different) <= min(FEW, len(values) / 2):
        return CategoricalDistribution(different)
    low, high = min(numbers), max(numbers)
    return FloatDistribution(low, high, log=low > 0 and high / low >= WIDE)


def _study(kept: Sequence[tuple[Mapping[str, Value], float]], parameters: Mapping[str, BaseDistribution]) -> Study:
    """Optuna's study of the points, in memory; trial numbers are their places."""
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), study_name="importance")
    for point, value in kept:
        own = {key: distribution for key, distribution in parameters.items() if key in point}
        params = {key: _param(point[key], distribution) for key, distribution in own.items()}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=own, value=value))
    return study


def _evaluated(
    study: Study, scores: Sequence[float], parameters: Mapping[str, BaseDistribution], quantile: float
) -> dict[str, float]:
    """Parameter -> PED-ANOVA's divergence for trials with these scores, of which the low ones are good."""
    evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
    found = get_param_importances(
        study, evaluator=evaluator, target=lambda trial: scores[trial.number], normalize=False
    )
    return {**dict.fromkeys(parameters, 0.0), **found}


def _param(value: Value, distribution: BaseDistribution) -> Value:
    return float(value) if isinstance(distribution, FloatDistribution) else value  # type: ignore[arg-type]
