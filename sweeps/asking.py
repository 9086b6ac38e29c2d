"""What the study does next: a promotion to further seeds, a point that waits, or a new configuration.

A configuration is known by the text of what it computes (`sweeps.search.canonical`), so that none is run twice,
however it is written; further seeds of one are asked for by a promotion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from harness.config.study import Point, StudyConfig
from harness.errors import ConfigError
from sweeps.plan import Resolver, run_overrides
from sweeps.search.canonical import canonical, reads_target
from sweeps.search.promotion import Result, next_promotion, seeds_of
from sweeps.storage.store import Store
from sweeps.trials import Trial


def sees_target(study: StudyConfig) -> bool:
    """Whether a schedule that a method records and does not follow makes a configuration another one.

    It does where the study lists its trials: it was listed to be seen.
    """
    metrics = [objective.metric for objective in study.objectives]
    if study.pruning.on:
        metrics += [study.pruning.metric or "", *(["control/"] if study.pruning.guards.on else [])]
    return not study.space or reads_target(metrics)


def key_of(study: StudyConfig, config: Mapping[str, Any]) -> str:
    """16 hex digits, the same for resolved configurations that compute the same."""
    text = canonical(config, target=sees_target(study))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def distinct(
    study: StudyConfig, points: Sequence[Point], configs: Sequence[Mapping[str, Any]]
) -> list[tuple[int, Point, str]]:
    """The points whose configuration no earlier one has: index, point, key."""
    found: dict[str, tuple[int, Point, str]] = {}
    for index, (point, config) in enumerate(zip(points, configs, strict=True)):
        key = key_of(study, config)
        found.setdefault(key, (index, point, key))
    return list(found.values())


class Asking:
    """Gives the driver one trial after another."""

    def __init__(self, study: StudyConfig, store: Store, resolve: Resolver) -> None:
        self._study = study
        self._store = store
        self._resolve = resolve
        self._keys: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Looks again which configurations there are."""
        self._keys = self._known_keys() if self._study.n_trials else set()

    def next(self, known: Mapping[int, Trial]) -> Trial | None:
        """The next trial, asked for in the store; None where there is none now.

        Args:
            known: the last trial of each configuration that was asked for, by origin.
        """
        if (promoted := self._promotion(known, over=False)) is not None:
            return promoted
        if (asked := self._store.ask(self._accept)) is not None:
            return asked
        return self._promotion(known, over=True)

    def _promotion(self, known: Mapping[int, Trial], over: bool) -> Trial | None:
        ladder = self._study.promotion
        if ladder is None:
            return None
        results = [Result(trial.origin, trial.rung, trial.state, trial.values) for trial in known.values()]
        origin = next_promotion(ladder, self._study.seeds, results, self._study.objective.direction, over)
        if origin is None:
            return None
        trial = known[origin]
        return self._store.promote(trial, seeds_of(self._study.seeds, ladder, trial.rung + 1), trial.rung + 1)

    def _accept(self, point: Point) -> str | None:
        """The key of a configuration that is not there yet; one that is refused is one, too, and fails by itself."""
        key = self._key(point.overrides)
        if key in self._keys:
            return None
        self._keys.add(key)
        return key

    def _known_keys(self) -> set[str]:
        there = [trial for trial in self._store.trials() if trial.title]
        return self._store.keys | {trial.key or self._key(trial.overrides) for trial in there}  # older ones have no key

    def _key(self, overrides: Sequence[str]) -> str:
        try:
            config = self._resolve(run_overrides(self._study, overrides, self._study.seeds[0])).config
        except ConfigError:
            return f"refused: {' '.join(overrides)}"
        return key_of(self._study, config)
