"""The trials as the driver knows them, kept up to date as they are told, so that a poll reads no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sweeps.progress import Failure
from sweeps.trials import Trial, TrialState, after


class Tally:
    """The last trial of each configuration that was asked for, by its origin; counting costs nothing."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self.version = 0
        """Another number after each change."""
        self.reset(trials)

    def reset(self, trials: Iterable[Trial]) -> None:
        """Begins anew."""
        self.version += 1
        self._trials: dict[int, Trial] = {}
        self._states: Counter[TrialState] = Counter()
        self._failures: dict[int, Failure] = {}
        for trial in trials:
            self.put(trial)

    def put(self, trial: Trial) -> None:
        """Takes in what a trial has become."""
        self.version += 1
        before = self._trials.get(trial.origin)
        if before is not None:
            self._states[before.state] -= 1
        trial = self._trials[trial.origin] = after(before, trial)
        self._states[trial.state] += 1
        self._failures.pop(trial.origin, None)
        if trial.state is TrialState.FAILED:
            self._failures[trial.origin] = Failure(trial.name, trial.title, trial.reason or "")

    @property
    def known(self) -> Mapping[int, Trial]:
        """Origin -> trial."""
        return self._trials

    def count(self, state: TrialState) -> int:
        return self._states[state]

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(self._failures.values())
