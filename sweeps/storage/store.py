"""The study's trials in Optuna. The driver is the one writer; nothing here knows of runs.

Every change is one transaction, so a kill leaves all of it or none; what it can leave between two of them (a value
described and not yet told) is finished at the next start.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, create_trial

from harness.config.space import Value
from harness.config.study import Point, StudyConfig
from sweeps.plan import drawn_point
from sweeps.search.drawing import distributions
from sweeps.search.points import params_in
from sweeps.search.proposing import Proposer, Seen, point_of
from sweeps.storage.optuna_storages import close, create, exists, open_to_write, refresh, wait_for_writers
from sweeps.storage.place import Place
from sweeps.storage.reading import trial_of
from sweeps.trials import Trial, TrialState, latest

REPEATED = ("point", "title", "overrides", "seeds", "rung", "spared", "key", "passed", "judged")
"""Attributes that a retry takes over from the trial before it."""

WAITING_MOST = 64
"""Points of a list or grid that wait in the database at once."""

Accept = Callable[[Point], str | None]
"""A proposed configuration -> its key, None where it may not be run."""


class Store:
    """The trials of one study, which the driver alone writes.

    Args:
        place: where they are.
        config: whose space new ones are drawn from.
        warm: configurations of other studies, which the sampler learns from.
    """

    def __init__(self, place: Place, config: StudyConfig, warm: Sequence[Seen] = ()) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._config = config
        self._warm = list(warm)
        self._storage = open_to_write(place)
        sampler = optuna.samplers.RandomSampler()  # it draws nothing: the proposer does
        self._study = optuna.load_study(study_name=place.study, storage=self._storage, sampler=sampler)
        self._study_id = self._storage.get_study_id_from_name(place.study)
        self._proposer = Proposer(config) if config.n_trials else None
        self._distributions = {name: each for dim in config.space for name, each in distributions(dim).items()}
        self._points: Mapping[int, Point] = {}
        self._keys: Mapping[int, str] = {}
        self._used_up = False
        self.recount()

    def close(self) -> None:
        close(self._storage)

    def trials(self) -> list[Trial]:
        """The last trial of each configuration."""
        return latest(self.all_trials())

    def all_trials(self) -> list[Trial]:
        """Every trial, retries and promotions apart, in the order of their numbers."""
        return [trial_of(frozen) for frozen in self._study.get_trials(deepcopy=False)]

    def enqueue(self, points: Mapping[int, Point], keys: Mapping[int, str] | None = None) -> None:
        """Enqueues the points that are not there yet, each under its index: WAITING_MOST now, the rest as they go.

        Optuna reads every trial that waits anew at each ask, which for thousands of them takes seconds.

        Args:
            keys: of the points' configurations.
        """
        self._points, self._keys = points, keys or {}
        self._top_up()

    def enqueue_retries(
        self, attempts: Callable[[Trial], Mapping[int, int]], names: Collection[str] | None = None
    ) -> list[Trial]:
        """Enqueues another try of every trial whose last one has failed; returns those that had.

        Of these `names` one that was pruned is tried again, too, and spared from then on.

        Args:
            attempts: seed -> attempts so far: what a run has more than these, it had for the retry.
        """
        again = [trial for trial in self.trials() if _to_repeat(trial, names)]
        for trial in again:
            spared = {"spared": True} if trial.state is TrialState.PRUNED else {}
            self._repeat(trial, optuna.trial.TrialState.WAITING, attempts=_by_seed(attempts(trial)), **spared)
        self.recount()
        return again

    def promote(self, trial: Trial, seeds: Sequence[int], rung: int) -> Trial:
        """Asks for the configuration on further seeds; `trial` is the last one of it, and complete."""
        number = self._repeat(trial, optuna.trial.TrialState.RUNNING, seeds=list(seeds), rung=rung)
        return trial_of(self._frozen(number))

    def note_attempts(self, trial: Trial, attempts: Mapping[int, int]) -> None:
        """Gives the failed runs of a trial that is not told one more try beyond these attempts, by seed."""
        self._describe(trial, attempts=_by_seed(attempts))

    def running(self) -> list[Trial]:
        """Trials asked for and not told, of this or of a dead driver."""
        states = (optuna.trial.TrialState.RUNNING,)
        found = [trial_of(frozen) for frozen in self._study.get_trials(deepcopy=False, states=states)]
        for trial in found:
            if not trial.title:  # what the version before left of an ask that was killed: nothing has run of it
                self.tell_failed(trial, "asked for by an older version that was killed before it drew the parameters")
        return [trial for trial in found if trial.title]

    def ask(self, accept: Accept = lambda point: "") -> Trial | None:
        """The next trial: one that waits, else a new one from the sampler; None when there are no more.

        Args:
            accept: the key of a configuration that the sampler proposes; None where it is there already.
        """
        if self._enqueued < len(self._points) and self._waiting <= WAITING_MOST // 2:
            self._top_up()  # before the last one goes, so that a study that has points left always shows some
        if self._waiting:
            self._waiting -= 1
            return trial_of(self._frozen(self._study.ask().number))
        return self._draw(accept) if self.more_to_come() else None

    def more_to_come(self) -> bool:
        """Whether `ask` may still give something, as far as is known."""
        drawing = self._drawn < self._config.n_trials and not self._used_up
        return self._waiting > 0 or self._enqueued < len(self._points) or drawing

    @property
    def keys(self) -> set[str]:
        """Of every listed point, those that are not enqueued yet included."""
        return set(self._keys.values())

    @property
    def used_up(self) -> bool:
        """Whether the sampler found no configuration any more that is not there already."""
        return self._used_up

    def report(self, trial: Trial, step: int, value: float) -> None:
        """Writes the trial's value at a step, once; what pruners go by."""
        self._storage.set_trial_intermediate_value(self._id(trial.number), step, value)

    def note(self, trial: Trial, **attributes: int) -> None:
        """Keeps what a pruner has decided on a trial: `passed`, `judged`."""
        self._describe(trial, **attributes)

    def note_dropped(self, trial: Trial, reason: str) -> None:
        """Keeps that a pruner has given the trial up, before its runs are asked to stop."""
        self._describe(trial, dropped=reason)

    def note_curve(self, trial: Trial, reached: int, dead: Sequence[Any] | None) -> None:
        """Keeps how far a trial came that is about to be told: its step, and a guard's step and finding."""
        self._describe(trial, reached=reached, dead=dead)

    def tell(self, trial: Trial, values: Sequence[Mapping[int, float]]) -> None:
        """Completes the trial with the means over its seeds.

        Args:
            values: for each objective, in the study's order, seed -> value.
        """
        if self._frozen(trial.number).state is optuna.trial.TrialState.COMPLETE:
            return  # the connection broke behind the commit
        first, *also = values
        self._describe(trial, n=len(first), values=_by_seed(first), also=[_by_seed(each) for each in also])
        self._study.tell(trial.number, [statistics.fmean(each.values()) for each in values])

    def tell_pruned(self, trial: Trial, reason: str) -> None:
        """Ends the trial as pruned; a person can revive it."""
        self._describe(trial, reason=reason)
        self._storage.set_trial_state_values(self._id(trial.number), optuna.trial.TrialState.PRUNED)

    def tell_failed(self, trial: Trial, reason: str) -> None:
        """Ends the trial as failed; it can be retried."""
        self._describe(trial, reason=reason)
        self._storage.set_trial_state_values(self._id(trial.number), optuna.trial.TrialState.FAIL)

    def _draw(self, accept: Accept) -> Trial | None:
        """A new trial of the sampler's, made whole in one transaction."""
        keys: list[str] = []

        def accepted(values: dict[str, Value]) -> bool:
            key = accept(drawn_point(values))
            keys.append(key or "")
            return key is not None

        assert self._proposer is not None
        proposal = self._proposer.propose(self._seen(), accepted)
        if proposal is None:
            self._used_up = True
            return None
        point = point_of(self._config, proposal.params)
        attributes = {**_attributes(point), "key": keys[-1]}
        number = self._add(optuna.trial.TrialState.RUNNING, proposal.params, attributes, proposal.attributes)
        self._drawn += 1
        return trial_of(self._frozen(number))

    def _seen(self) -> list[Seen]:
        """What the sampler knows: every configuration once, at its best-known value, and those of other studies."""
        frozen = {each.number: each for each in self._study.get_trials(deepcopy=False)}
        return [*self._warm, *(_as_seen(trial, frozen[trial.number]) for trial in self.trials() if trial.title)]

    def _repeat(self, trial: Trial, state: optuna.trial.TrialState, **attributes: Any) -> int:
        """A further trial of the configuration."""
        frozen = self._frozen(trial.number)
        kept = {key: frozen.user_attrs[key] for key in REPEATED if key in frozen.user_attrs}
        template = create_trial(
            state=state,
            params=frozen.params,
            distributions=frozen.distributions,
            user_attrs={**kept, "origin": trial.origin, **attributes},
            system_attrs=frozen.system_attrs,
        )
        return self._put(template)

    def _add(
        self,
        state: optuna.trial.TrialState,
        params: Mapping[str, Any],
        attributes: Mapping[str, Any],
        system: Mapping[str, Any] | None = None,
    ) -> int:
        """Adds a trial, whole; its number."""
        template = create_trial(
            state=state,
            params=dict(params),
            distributions={name: self._distributions[name] for name in params},
            user_attrs=dict(attributes),
            system_attrs=dict(system or {}),
        )
        return self._put(template)

    def _put(self, template: FrozenTrial) -> int:
        return self._storage.get_trial_number_from_id(self._storage.create_new_trial(self._study_id, template))

    def _top_up(self) -> None:
        """Enqueues further points, in their order, until WAITING_MOST trials wait or no point is left."""
        there = {frozen.user_attrs.get("point") for frozen in self._study.get_trials(deepcopy=False)}
        missing = [index for index in self._points if index not in there]
        for index in missing[: max(0, WAITING_MOST - self._waiting)]:
            point = self._points[index]
            attributes = {"point": index, **_attributes(point), "key": self._keys.get(index, "")}
            overrides = (*self._config.base, *point.overrides)
            params = params_in(self._config.space, overrides) or {}  # the sampler learns from listed points, too
            self._add(optuna.trial.TrialState.WAITING, params, attributes)
            self._waiting += 1
            self._enqueued += 1

    def recount(self) -> None:
        """What waits, what was drawn by the sampler, and which points are there; the driver is the one writer."""
        refresh(self._storage)
        wait_for_writers(self._storage, self._study_id)
        frozen = self._study.get_trials(deepcopy=False)
        self._waiting = sum(trial.state is optuna.trial.TrialState.WAITING for trial in frozen)
        drawn = [trial.user_attrs for trial in frozen if trial.user_attrs.get("title")]  # see `running`
        self._drawn = sum(not {"point", "origin"} & set(attributes) for attributes in drawn)
        self._enqueued = sum("point" in trial.user_attrs and "origin" not in trial.user_attrs for trial in frozen)

    def _id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._storage.get_trial(self._id(number))

    def _describe(self, trial: Trial, **attributes: Any) -> None:
        for key, value in attributes.items():
            self._storage.set_trial_user_attr(self._id(trial.number), key, value)


def make(place: Place, config: StudyConfig) -> None:
    """Makes the study in its place, where it is not made yet."""
    if not exists(place, place.study):
        create(place, place.study, [objective.direction for objective in config.objectives])


def _to_repeat(trial: Trial, names: Collection[str] | None) -> bool:
    if names is None:
        return trial.state is TrialState.FAILED and bool(trial.title)
    return bool(trial.title) and trial.name in names and trial.state in (TrialState.FAILED, TrialState.PRUNED)


def _as_seen(trial: Trial, frozen: FrozenTrial) -> Seen:
    """The configuration as the sampler is to see it.

    One with values is complete, whatever its last trial is: a promotion that runs is no other point.
    """
    values = tuple(statistics.fmean(each.values()) for each in (trial.values, *trial.also)) if trial.values else None
    return Seen(
        trial.origin,
        TrialState.COMPLETE if values else trial.state,
        frozen.params,
        values,
        max(trial.reports.items(), default=None),
        frozen.system_attrs,
    )


def _by_seed(numbers: Mapping[int, Any]) -> dict[str, Any]:
    return {str(seed): number for seed, number in numbers.items()}


def _attributes(point: Point) -> dict[str, Any]:
    return {"title": point.title, "overrides": list(point.overrides)}
