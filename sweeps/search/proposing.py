"""The next configuration of a study: drawn in a throw-away Optuna study that has every configuration once.

Retries, revivals and promotions are further trials of one configuration in the database; a sampler that counted them
would take what is run often for what is good. A draw that is refused leaves no trace in the database either.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial, create_trial

from harness.config.conditions import walk
from harness.config.space import Value
from harness.config.study import Point, StudyConfig
from sweeps.plan import drawn_point
from sweeps.search.drawing import distributions, draw, filled, known, params_of, point_values
from sweeps.search.nearest import by_nearness
from sweeps.search.samplers import FLAT, OWN_DRAWS, OWN_DRAWS_MOST, check_sampler, sampler_of
from sweeps.trials import TrialState

MOST_REFUSED = 200
"""Draws in a row that `accept` refuses before the space counts as used up."""
WANTED = 12
"""Refused draws in a finite space after which the nearest unused point is taken: more of them say nothing new."""
MOST_DRAWS = 2000
"""All draws for one proposal, those against the constraints included."""
MOST_LISTED = 20_000
"""Points of a finite space that are looked through once the sampler draws nothing new."""
QMC = "qmc:"
"""Begins the study attribute in which Optuna keeps the place in the sequence."""


@dataclass(frozen=True)
class Seen:
    """A configuration that the study has already, whatever its number of trials."""

    origin: int
    state: TrialState | str
    """complete, pruned, running, waiting (as running) or failed (for its attributes alone)."""
    params: Mapping[str, Any]
    """Optuna's parameters; those that are no point of the space are left out."""
    values: tuple[float, ...] | None = None
    """Of a complete one: the best known mean of each objective."""
    last: tuple[int, float] | None = None
    """Of a pruned one: the last step reported, and its value."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """System attributes of its trial, as `Proposal.attributes` gave them."""


@dataclass(frozen=True)
class Proposal:
    """A configuration to try next."""

    params: dict[str, Any]
    """For `enqueue_trial`; `draw` gives them to the trial, and `point_of` makes a point of them."""
    attributes: dict[str, Any]
    """System attributes for its trial: a sampler's state, which it reads again from `Seen.attributes`."""


class Proposer:
    """Draws for one study; without memory: the same configurations seen give the same proposal.

    Raises ConfigError and DependencyError for a sampler that cannot draw from the space.
    """

    def __init__(self, config: StudyConfig) -> None:
        objectives = config.objectives
        self._directions: list[Any] = [each.direction for each in objectives]
        check_sampler(config, len(objectives))
        self._config = config
        self._flat = config.sampler in FLAT
        self._distributions = {name: each for dim in config.space for name, each in distributions(dim).items()}

    def propose(self, seen: Sequence[Seen], accept: Callable[[dict[str, Value]], bool]) -> Proposal | None:
        """The next configuration; None when the space is used up as far as the sampler can tell.

        Args:
            seen: every configuration of the study, the failed ones included; of one origin the last is taken.
            accept: given override key -> value, whether the configuration is new. Not asked where a constraint is
                broken.
        """
        once = list({each.origin: each for each in seen}.values())
        # A driver that starts again has as many configurations as before, or more: it goes on with other draws.
        seed = len(once) + self._config.sampler_seed
        study = self._study(once, seed)
        wanted: list[dict[str, Value]] = []
        most = WANTED if self._finite else MOST_REFUSED
        for number in range(MOST_DRAWS):
            if number == OWN_DRAWS.get(self._config.sampler, OWN_DRAWS_MOST):
                study.sampler = optuna.samplers.RandomSampler(seed=seed)
            trial = study.ask()
            proposal = self._proposal(study, trial, draw(trial, self._config.space, flat=self._flat))
            values = point_values(self._config.space, proposal.params)
            if all(constraint.holds(values) for constraint in self._config.constraints):
                if accept(values):
                    return proposal
                wanted.append(values)
                if len(wanted) == most:
                    break
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return self._unused(wanted, seed, accept)

    def _study(self, seen: Sequence[Seen], seed: int) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(directions=self._directions, sampler=sampler_of(self._config, seed))
        trials = [trial for each in seen if (trial := self._trial(each)) is not None]
        if self._config.sampler == "qmc":
            # It takes its space from a first trial; its place is the furthest that a configuration was given.
            trials = [self._made(optuna.trial.TrialState.COMPLETE, {}, values=[0.0] * len(self._directions))]
            places = [item for each in seen for item in each.attributes.items() if item[0].startswith(QMC)]
            for key, place in sorted(places, key=lambda item: item[1]):
                study._storage.set_study_system_attr(study._study_id, key, place)
        study.add_trials(trials)
        return study

    def _trial(self, seen: Seen) -> FrozenTrial | None:
        if not known(self._config.space, seen.params):
            return None
        state = TrialState(seen.state)
        if state in (TrialState.WAITING, TrialState.RUNNING):
            return self._made(optuna.trial.TrialState.RUNNING, seen.params, attributes=seen.attributes)
        if state is TrialState.COMPLETE and seen.values is not None and all(map(math.isfinite, seen.values)):
            return self._made(
                optuna.trial.TrialState.COMPLETE, seen.params, attributes=seen.attributes, values=list(seen.values)
            )
        if state == "pruned" and seen.last is not None and len(self._directions) == 1:
            return self._made(
                optuna.trial.TrialState.PRUNED,
                seen.params,
                attributes=seen.attributes,
                intermediate_values=dict([seen.last]),
            )
        return None

    def _made(
        self,
        state: optuna.trial.TrialState,
        params: Mapping[str, Any],
        attributes: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> FrozenTrial:
        whole = filled(self._config.space, params) if self._flat else dict(params)
        given = {name: self._distributions[name] for name in whole}
        return create_trial(state=state, params=whole, distributions=given, system_attrs=dict(attributes or {}), **more)

    def _proposal(self, study: optuna.Study, trial: optuna.trial.Trial, params: dict[str, Any]) -> Proposal:
        kept = params_of(self._config.space, point_values(self._config.space, params))
        assert kept is not None
        attributes = dict(study._storage.get_trial(trial._trial_id).system_attrs)
        if self._config.sampler == "qmc":
            places = study._storage.get_study_system_attrs(study._study_id)
            attributes |= {key: place for key, place in places.items() if key.startswith(QMC)}
        if self._config.sampler == "tpe":
            attributes = {}  # relative parameters of a draw: the enqueued trial has all its parameters
        return Proposal(kept, attributes)

    @property
    def _finite(self) -> bool:
        return all(dim.values is not None for dim in self._config.space)

    def _unused(
        self, wanted: Sequence[dict[str, Value]], seed: int, accept: Callable[[dict[str, Value]], bool]
    ) -> Proposal | None:
        """The point of a finite space that nobody had and that is nearest to what the sampler wanted."""
        if not self._finite:
            return None
        space, constraints = self._config.space, self._config.constraints
        points = list(itertools.islice(walk(space, constraints, lambda dim: dim.values or ()), MOST_LISTED))
        found = next((values for values in by_nearness(space, points, wanted, seed) if accept(values)), None)
        return None if found is None else Proposal(params_of(space, found) or {}, {})


def point_of(config: StudyConfig, params: Mapping[str, Any]) -> Point:
    """The point of Optuna's parameters: the overrides of the active dimensions, in the order of the space."""
    return drawn_point(point_values(config.space, params))
