"""One search, replayed against the table of runs that were made: nothing trains, but every step is counted.

Virtual and sequential: one configuration is at work at a time, so nothing is drawn before the last one has ended. The
order of the decisions is the driver's (`sweeps.asking`): a promotion that may be now, else a new configuration, and
promotions once none comes. The proposer, the pruner and the promotions are the real ones.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.search_table import Table
from harness.config.promotion import Promotion
from harness.config.pruning import HALVING, NONE, Pruning
from harness.config.space import Value
from harness.config.study import MOST_SEED, StudyConfig
from harness.errors import InputError
from sweeps.pruning.curves import Curve
from sweeps.pruning.rules import decide
from sweeps.search.drawing import params_of, point_values
from sweeps.search.promotion import Result, next_promotion, ranking, seeds_of
from sweeps.search.proposing import Proposer, Seen
from sweeps.trials import TrialState

SHUFFLED = "shuffled"
"""Beside the samplers' names: all points in random order."""
APART = 1_000_003
"""Between the numbers that the samplers of two replays begin from."""


@dataclass(frozen=True)
class Strategy:
    """A way to search.

    `whole`: every configuration is run on all seeds at once. Else on one, the screening seed; with `rules` some are
    pruned on it, and of those that end one in three is promoted to two further seeds and one in three of these to all.
    """

    name: str
    sampler: str
    whole: bool
    rules: bool = False


KEEP = 3
AGAIN = 2
"""Seeds of the first promotion; the second one gives all that are left."""


@dataclass(frozen=True)
class Trace:
    """What a search would have reported and when: (training steps spent, index of the point), at each change."""

    reports: tuple[tuple[int, int], ...]
    spent: int | None
    """Steps in all; None where the rest was not replayed, since it could not have changed the report."""
    screening: int
    """The seed that every configuration is run on first (of `whole` ones as well, where it has no meaning)."""
    begun: int
    """Configurations."""

    def at(self, steps: float) -> int | None:
        """The point that is reported after so many steps; None before there is one."""
        found = [point for spent, point in self.reports if spent <= steps]
        return found[-1] if found else None


def ladder_of(others: Sequence[int]) -> Promotion | None:
    """Of the seeds beside the screening one."""
    rungs = tuple(rung for rung in (tuple(others[:AGAIN]), tuple(others[AGAIN:])) if rung)
    return Promotion(KEEP, rungs) if rungs else None


def pruning_of(table: Table) -> Pruning:
    """Stops what is below the median of the others from half of a run on; not before five have ended."""
    looks = [look for look in table.looks[:-1] if look > 0]
    if not looks:
        return Pruning()
    start = next((look for look in looks if look >= table.run_steps / 2), looks[-1])
    every = min((b - a for a, b in zip(looks, [*looks[1:], table.run_steps], strict=True)), default=1)
    return Pruning("median", start=start, every=every, options={"n_startup_trials": 5})


def replay(study: StudyConfig, table: Table, strategy: Strategy, number: int, trials: int) -> Trace:
    """One search. `number` is the seed of all that is random in it; the strategies of one number share their seeds.

    Args:
        study: whose space and objective are searched; the rest is the strategy's.
        trials: configurations that it may begin; those of the table are there at most.
    """
    return _Replay(study, table, strategy, number, trials).run()


class _Replay:
    def __init__(self, study: StudyConfig, table: Table, strategy: Strategy, number: int, trials: int) -> None:
        self._table, self._trials = table, min(trials, len(table.params))
        seeds = list(table.seeds)
        random.Random(f"seeds {number}").shuffle(seeds)
        self._base = tuple(seeds) if strategy.whole else tuple(seeds[:1])
        self._ladder = ladder_of(seeds[1:]) if strategy.rules else None
        pruning = pruning_of(table) if strategy.rules else Pruning()
        if pruning.pruner == HALVING:
            raise InputError("a sequential replay cannot wait at rungs", HALVING, "Use a pruner of Optuna's.")
        self._pruning = pruning.of(study.objective)
        self._direction = study.objective.direction
        self._space = study.space
        self._place = {_frozen(params): place for place, params in enumerate(table.params)}
        self._seed_place = {seed: place for place, seed in enumerate(table.seeds)}
        self._order: list[int] | None = None
        if strategy.sampler == SHUFFLED:
            self._order = list(range(len(table.params)))
            random.Random(f"order {number}").shuffle(self._order)
        else:
            own = {"sampler": strategy.sampler, "sampler_seed": number * APART % MOST_SEED}
            drawn = replace(study, **own, n_trials=self._trials, trials=(), seeds=self._base)
            self._proposer = Proposer(drawn)
        self._results: dict[int, Result] = {}
        self._curves: dict[int, Curve] = {}
        self._points: list[int] = []
        self._params: list[dict[str, Any]] = []
        self._spent = 0
        self._reports: list[tuple[int, int]] = []

    def run(self) -> Trace:
        cut = False
        while not (cut := self._settled()):
            if (origin := self._promotable(over=False)) is None:
                if self._begin():
                    continue
                origin = self._promotable(over=True)
            if origin is None:
                break
            self._promote(origin)
        return Trace(tuple(self._reports), None if cut else self._spent, self._base[0], len(self._points))

    def _begin(self) -> bool:
        """Runs a new configuration; False where none comes."""
        if len(self._points) == self._trials:
            return False
        if self._order is not None:
            point = self._order[len(self._points)]
            params = params_of(self._space, self._table.params[point]) or {}
        else:
            proposal = self._proposer.propose([self._seen(origin) for origin in self._results], self._new)
            if proposal is None:
                return False
            params = proposal.params
            point = self._place[_frozen(point_values(self._space, params))]
        origin = len(self._points)
        self._points.append(point)
        self._params.append(params)
        if self._pruned(origin):
            self._results[origin] = Result(origin, 0, TrialState.PRUNED)
            return True
        self._results[origin] = Result(origin, 0, TrialState.COMPLETE, self._values(point, self._base))
        self._report()
        return True

    def _new(self, values: dict[str, Value]) -> bool:
        """Whether the point is in the table and was not begun."""
        point = self._place.get(_frozen(values))
        return point is not None and point not in self._points

    def _pruned(self, origin: int) -> bool:
        """Goes from look to look; whether the pruner stops it. The steps are counted up to there."""
        point, reports, before = self._points[origin], [], 0
        for place, look in enumerate(self._table.looks):
            if look < 1:
                continue
            self._spent += (look - before) * len(self._base)
            before = look
            if self._pruning.pruner == NONE:
                continue
            seeds = [self._seed_place[seed] for seed in self._base]
            reports.append((look, float(statistics.fmean(self._table.curves[point, seeds, place]))))
            last = look == self._table.run_steps
            state = TrialState.COMPLETE if last else TrialState.RUNNING
            curve = Curve(origin, state, self._table.run_steps, look, tuple(reports))
            self._curves[origin] = curve
            if not last and origin in decide(self._pruning, list(self._curves.values()), over=False).prune:
                self._curves[origin] = replace(curve, state=TrialState.PRUNED)
                return True
        return False

    def _promotable(self, over: bool) -> int | None:
        if self._ladder is None:
            return None
        return next_promotion(self._ladder, self._base, list(self._results.values()), self._direction, over)

    def _promote(self, origin: int) -> None:
        assert self._ladder is not None
        before = self._results[origin]
        seeds = seeds_of(self._base, self._ladder, before.rung + 1)
        self._spent += (len(seeds) - len(before.values)) * self._table.run_steps
        values = self._values(self._points[origin], seeds)
        self._results[origin] = Result(origin, before.rung + 1, TrialState.COMPLETE, values)
        self._report()

    def _report(self) -> None:
        """Notes the best of the highest rung that a configuration has come to, if that is another point now."""
        rung = max(each.rung for each in self._results.values())
        seeds = self._base if self._ladder is None else seeds_of(self._base, self._ladder, rung)
        best = self._points[ranking(seeds, list(self._results.values()), self._direction)[0].origin]
        if not self._reports or self._reports[-1][1] != best:
            self._reports.append((self._spent, best))

    def _settled(self) -> bool:
        """Whether nothing can change the report any more: without rules, once the best of the table is found."""
        if self._ladder is not None or self._pruning.pruner != NONE or not self._reports:
            return False
        places = [self._seed_place[seed] for seed in self._base]
        means = self._table.ends[:, places].mean(axis=1)
        best = means.max() if self._direction == "maximize" else means.min()
        own = means[self._reports[-1][1]]
        return bool(own == best) and int((means == best).sum()) == 1 and len(self._points) < self._trials

    def _values(self, point: int, seeds: Sequence[int]) -> dict[int, float]:
        return {seed: float(self._table.ends[point, self._seed_place[seed]]) for seed in seeds}

    def _seen(self, origin: int) -> Seen:
        """The configuration as the store would tell the sampler: its best-known mean, or where it was pruned."""
        result = self._results[origin]
        if result.state is TrialState.PRUNED:
            return Seen(origin, TrialState.PRUNED, self._params[origin], last=self._curves[origin].reports[-1])
        value = statistics.fmean(result.values.values())
        return Seen(origin, TrialState.COMPLETE, self._params[origin], (value,))


def _frozen(values: Mapping[str, Value]) -> frozenset[tuple[str, Value]]:
    return frozenset(values.items())
