"""How far means over few seeds can be trusted: one seed-to-seed noise, pooled over all configurations."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.student import quantile
from study_report.facts import Configuration

LEVEL = 0.95


@dataclass(frozen=True)
class Noise:
    """Standard deviation between the seeds of a configuration, the same for all, with its degrees of freedom."""

    sd: float
    df: int

    @cached_property
    def t(self) -> float:
        """The two-sided 95 % quantile of Student's t."""
        return float(quantile((1 + LEVEL) / 2, self.df))

    def standard_error(self, n: int) -> float:
        """Of a mean over `n` seeds."""
        return self.sd / math.sqrt(n)

    def half(self, n: int) -> float:
        """Half of the 95 % interval of a mean over `n` seeds."""
        return self.t * self.standard_error(n)

    def resolved(self, one: Configuration, other: Configuration) -> bool:
        """Whether two means differ by more than noise explains (95 %, for this one comparison)."""
        return abs(one.score - other.score) > self.t * self.sd * math.sqrt(1 / one.n + 1 / other.n)


def noise(configurations: Sequence[Configuration]) -> Noise | None:
    """Pooled over the configurations with two or more finite seeds; None where there is none."""
    groups = [_finite(each) for each in configurations]
    groups = [values for values in groups if len(values) > 1]
    df = sum(len(values) - 1 for values in groups)
    if not df:
        return None
    return Noise(math.sqrt(sum((len(values) - 1) * statistics.variance(values) for values in groups) / df), df)


def lead_by_chance(sd_of_mean: float, count: int) -> float:
    """By how much the best of `count` equal configurations is expected to lead its true mean (Blom's approximation)."""
    return sd_of_mean * statistics.NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 1 else 0.0


def _finite(each: Configuration) -> list[float]:
    return [value for value in each.values.values() if math.isfinite(value)]
