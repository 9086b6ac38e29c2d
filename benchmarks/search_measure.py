"""What the replays of searches show: when each had a point near the best, and what it had at equal steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_replay import Trace
from benchmarks.search_truth import Truth

SHARES = (0.25, 0.50, 1.00)
"""Of the grid's steps, at which searches are compared."""
RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True)
class Row:
    """One replay. Steps are training steps; infinite where it never came to be so."""

    strategy: str
    number: int
    first: float
    """Steps until what it reports is within one standard error of the best for the first time."""
    stays: float
    """... and is so to the end."""
    first_other: float
    stays_other: float
    """The same with the truth by the seeds other than the screening one."""
    spent: float
    """Steps in all; NaN where the rest could not change the report."""
    begun: int
    near: tuple[float, ...]
    """At each of SHARES: 1 if what it reports is near the best, else 0."""
    value: tuple[float, ...]
    """At each of SHARES: the true value of what it reports, higher is better; NaN before it reports anything."""


def row(strategy: str, number: int, trace: Trace, true: Truth, other: Truth, grid_steps: int) -> Row:
    points = [trace.at(share * grid_steps) for share in SHARES]
    return Row(
        strategy,
        number,
        *reached(trace, true.near),
        *reached(trace, other.near),
        math.nan if trace.spent is None else float(trace.spent),
        trace.begun,
        tuple(0.0 if point is None else float(true.near[point]) for point in points),
        tuple(math.nan if point is None else float(true.means[point]) for point in points),
    )


def reached(trace: Trace, near: NDArray[np.bool_]) -> tuple[float, float]:
    """Steps at which a near point is reported for the first time, and from which on only near ones are."""
    first = next((float(spent) for spent, point in trace.reports if near[point]), math.inf)
    stays = math.inf
    for spent, point in reversed(trace.reports):
        if not near[point]:
            break
        stays = float(spent)
    return first, stays


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """By nearest rank, so that a quartile is infinite exactly where so many never came there."""
    ordered = sorted(values)
    return tuple(ordered[math.ceil(len(ordered) * part) - 1] for part in (0.25, 0.5, 0.75))  # type: ignore[return-value]


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval at LEVEL, over replays."""

    estimate: float
    low: float
    high: float


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Of a mean."""
    array = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    draws = np.array([array[rng.integers(0, len(array), len(array))].mean() for _ in range(RESAMPLES)])
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def differences(ours: Sequence[Row], theirs: Sequence[Row], place: int) -> list[float]:
    """True value of ours minus theirs at SHARES[place], replay by replay; those in which either has none left out."""
    by_number: Mapping[int, Row] = {each.number: each for each in theirs}
    pairs = [(each.value[place], by_number[each.number].value[place]) for each in ours]
    return [a - b for a, b in pairs if not (math.isnan(a) or math.isnan(b))]


def earlier(ours: Sequence[Row], theirs: Sequence[Row]) -> list[float]:
    """Replay by replay: 1 where ours came to stay near the best after fewer steps, 1/2 where they are equal, else 0."""
    by_number = {each.number: each for each in theirs}
    found = []
    for each in ours:
        other = by_number[each.number].stays
        found.append(0.5 if each.stays == other else float(each.stays < other))
    return found
