"""Which configuration gets more seeds next: asynchronous successive halving over seeds. Pure.

A configuration at rung r has runs on the study's seeds and on those of the first r rungs. At each rung the
configurations are ranked by their mean over that rung's seeds and no others, so that all are compared on equal seeds;
equal means are ranked by origin. Of the n that have values there the best floor(n / keep) may go on. One that has gone
on keeps its place in the ranking, also when its promotion failed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.config.objective import DIRECTIONS
from harness.config.promotion import Promotion
from harness.errors import InputError, unknown
from sweeps.trials import TrialState

OPEN = (TrialState.WAITING, TrialState.RUNNING)


@dataclass(frozen=True)
class Result:
    """A configuration: `rung` and `state` are of its newest trial, a promotion that is under way included."""

    origin: int
    rung: int
    state: TrialState
    values: Mapping[int, float] = field(default_factory=dict)
    """Seed -> objective, of its newest complete trial; empty where none is."""


def seeds_of(base: Sequence[int], ladder: Promotion, rung: int) -> tuple[int, ...]:
    """All seeds of a configuration at a rung, the study's own (`base`) first.

    Raises:
        InputError: there is no such rung.
    """
    if not 0 <= rung <= len(ladder.rungs):
        raise InputError(f"a rung must be from 0 to {len(ladder.rungs)}", str(rung))
    return (*base, *(seed for seeds in ladder.rungs[:rung] for seed in seeds))


def next_promotion(
    ladder: Promotion, base: Sequence[int], results: Sequence[Result], direction: str, over: bool
) -> int | None:
    """The origin to promote to the rung above its own; None where none may be now. See `promotable`."""
    found = promotable(ladder, base, results, direction, over)
    return found[0] if found else None


def promotable(
    ladder: Promotion, base: Sequence[int], results: Sequence[Result], direction: str, over: bool
) -> list[int]:
    """The origins that may be promoted now, those of the highest rung first, on each rung the best first.

    Args:
        base: the study's own seeds, which are rung 0.
        results: one for each configuration, in any order.
        over: no new configuration will come. Then a rung that nothing more can reach, neither one that is under way
            nor one that may still be promoted to it, promotes one at least, so that there are finalists.

    Raises:
        InputError: two results of one origin, an impossible rung, a value that is not finite.
        ConfigError: an unknown direction.
    """
    _check(ladder, base, results, direction)
    found: list[list[int]] = []
    closed = over
    for rung in range(len(ladder.rungs)):
        closed = closed and not any(each.rung == rung and each.state in OPEN for each in results)
        ranked = ranking(seeds_of(base, ladder, rung), results, direction)
        places = len(ranked) // ladder.keep
        if closed:
            places = max(1, places)
        ready = [each for each in ranked[:places] if each.rung == rung and each.state is TrialState.COMPLETE]
        found.append([each.origin for each in ready])
        closed = closed and not ready  # what may come up from here is still to reach the rung above
    return [origin for origins in reversed(found) for origin in origins]


def ranking(seeds: Sequence[int], results: Sequence[Result], direction: str) -> list[Result]:
    """The results that have a value on each of the seeds, best mean over these first, equal ones by origin."""
    sign = -1.0 if direction == "maximize" else 1.0
    having = [each for each in results if all(seed in each.values for seed in seeds)]
    return sorted(having, key=lambda each: (sign * statistics.fmean(each.values[s] for s in seeds), each.origin))


def _check(ladder: Promotion, base: Sequence[int], results: Sequence[Result], direction: str) -> None:
    if direction not in DIRECTIONS:
        raise unknown("directions", [direction], DIRECTIONS)
    ladder.check(base)
    if len({each.origin for each in results}) < len(results):
        raise InputError("a configuration must have one result", str(sorted(each.origin for each in results)))
    for each in results:
        if not 0 <= each.rung <= len(ladder.rungs):
            raise InputError(f"a rung must be from 0 to {len(ladder.rungs)}", repr(each))
        if not all(map(math.isfinite, each.values.values())):
            raise InputError("the values of a configuration must be finite", repr(each))
