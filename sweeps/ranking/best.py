"""Which configuration is best, and how surely, from its values on a few seeds. Pure.

The model and its assumptions are in `two_way`; docs/seeds.md says them for users.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harness.config.objective import DIRECTIONS
from harness.errors import InputError, unknown
from sweeps.ranking.chi_square import quantile
from sweeps.ranking.two_way import RATIOS, TwoWay

DRAWS = 20_000
"""Of the posterior: a probability is off by 0.0035 (its standard error) at most."""
GENERATOR = 0
LEVEL = 0.95


@dataclass(frozen=True)
class Noise:
    """Standard deviation from seed to seed, pooled over configurations, in units of the objective."""

    sd: float
    low: float
    high: float
    """`low` to `high` is its interval at LEVEL by chi-square, exact for normal noise."""
    df: int
    paired: bool
    """Whether it is without what a seed does to all configurations alike."""


@dataclass(frozen=True)
class Standing:
    """One configuration: the mean over its own `n` seeds, and the probability that it is the best."""

    name: str
    n: int
    mean: float
    standard_error: float
    """Of `mean`: the pooled sd / sqrt(n)."""
    probability: float


@dataclass(frozen=True)
class BestReport:
    """The configurations, most probably best first, equal ones in the order given."""

    standings: tuple[Standing, ...]
    noise: Noise

    @property
    def winner(self) -> str:
        """The name of the one that is most probably the best."""
        return self.standings[0].name

    @property
    def probability(self) -> float:
        """That the winner is the best of all given."""
        return self.standings[0].probability

    @property
    def text(self) -> str:
        """One line for a person."""
        noise = self.noise
        common = ", effects common to a seed removed" if noise.paired else ""
        return (
            f"{self.winner} is the best of {len(self.standings)} with probability {self.probability:.2f}; from seed to "
            f"seed sd {noise.sd:.3g} ({LEVEL:.0%}: {noise.low:.3g} to {noise.high:.3g}, "
            f"{noise.df} degrees of freedom{common})"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"winner": self.winner, "probability": self.probability, **asdict(self)}


def probability_best(values: Mapping[str, Mapping[int, float]], direction: str) -> BestReport:
    """How surely each configuration is the best on new seeds, under the model of `two_way`.

    Args:
        values: name -> seed -> value of the objective, of all configurations that have one: to leave out those that
            did badly on some seeds makes the noise look smaller than it is, and the winner surer.
        direction: minimize or maximize.

    Raises:
        InputError: no configurations, one without values, a value that is not finite; no configuration with two seeds.
        ConfigError: an unknown direction.
    """
    if direction not in DIRECTIONS:
        raise unknown("directions", [direction], DIRECTIONS)
    _check(values)
    sign = -1.0 if direction == "minimize" else 1.0
    largest = max(abs(value) for own in values.values() for value in own.values()) or 1.0
    scaled = {name: {seed: sign * value / largest for seed, value in own.items()} for name, own in values.items()}
    model = TwoWay.fit(scaled)
    if model.freedom < 1:
        raise InputError(
            "noise from seed to seed can be measured only where a configuration has two seeds",
            f"one seed for each of {len(values)} configurations",
            "Run the best on further seeds: give the study `promotion`, or more `seeds`.",
        )
    sd = largest * math.sqrt(model.noise / model.freedom)
    chances = _chances(model)
    standings = [
        Standing(name, len(own), statistics.fmean(own.values()), sd / math.sqrt(len(own)), chance)
        for (name, own), chance in zip(values.items(), chances, strict=True)
    ]
    standings.sort(key=lambda each: -each.probability)
    low, high = (sd * math.sqrt(model.freedom / quantile((1 + s * LEVEL) / 2, model.freedom)) for s in (1, -1))
    return BestReport(tuple(standings), Noise(sd, low, high, model.freedom, model.paired))


def _chances(model: TwoWay) -> list[float]:
    count = len(model.along)
    if not np.any(model.along**2 > 1e-28):  # equal on all common seeds: a draw would name the first of them
        return [1.0 / count] * count
    return [float(each) for each in model.highest(RATIOS, model.posterior(), DRAWS, GENERATOR)]


def _check(values: Mapping[str, Mapping[int, float]]) -> None:
    if not values:
        raise InputError("there must be configurations to compare", "none")
    for name, own in values.items():
        if not own or not all(map(math.isfinite, own.values())):
            raise InputError("a configuration must have finite values, at least one", f"{name}: {dict(own)}")
