"""The study's trials in Optuna, on SQLite. The one importer of Optuna; the driver is its one writer.

Every change is one transaction, so a kill leaves all of it or none; what it can leave between two of them (a
trial asked for without its parameters, a value not yet told) is finished at the next start.
"""

from __future__ import annotations

import functools
import sqlite3
import time
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from optuna.trial import FrozenTrial
from sqlalchemy.exc import SQLAlchemyError

from harness.config.space import Choices, Value
from harness.config.study import Point, StudyConfig
from harness.errors import StudyError
from sweeps.plan import drawn_point
from sweeps.trials import Trial, TrialState, latest

STATES = {
    optuna.trial.TrialState.WAITING: TrialState.WAITING,
    optuna.trial.TrialState.RUNNING: TrialState.RUNNING,
    optuna.trial.TrialState.COMPLETE: TrialState.COMPLETE,
    optuna.trial.TrialState.FAIL: TrialState.FAILED,
}

UNREADABLE = (optuna.exceptions.OptunaError, SQLAlchemyError, sqlite3.Error, KeyError, RuntimeError)
"""What Optuna raises, some wrapped and some not, for a file that is locked, half-written or no study at all."""

REPEATED = ("point", "title", "overrides")
"""Attributes that a retry takes over from the trial that failed."""

READ_PATIENCE_S = 1.0
"""For a reader: a commit of the driver takes milliseconds."""


WAITING_MOST = 64
"""Points of a list or grid that wait in the database at once."""


class Store:
    """The trials of one study."""

    def __init__(self, path: Path, config: StudyConfig) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._config = config
        if not path.exists():
            _create(path, config)
        self._storage = _storage(path, "rw")
        self._study = optuna.load_study(study_name=config.name, storage=self._storage)
        self._study.sampler = _sampler(config, drawn_so_far=len(self._study.get_trials(deepcopy=False)))
        self._points: Sequence[Point] = ()
        self._count()

    def close(self) -> None:
        self._storage.engine.dispose()

    def trials(self) -> list[Trial]:
        """The last retry of each trial."""
        return latest(_trial(frozen) for frozen in self._study.get_trials(deepcopy=False))

    def enqueue(self, points: Sequence[Point]) -> None:
        """Enqueues the points that are not there yet, each under its index: WAITING_MOST now, the rest as they go.

        Optuna reads every trial that waits anew at each ask, which for thousands of them takes seconds.
        """
        self._points = points
        self._top_up()

    def enqueue_retries(
        self, attempts: Callable[[Trial], Mapping[int, int]], names: Container[str] | None = None
    ) -> list[Trial]:
        """Enqueues a retry of every trial (of these `names`) whose last one has failed; returns those that had.

        `attempts` gives seed -> attempts so far: what a run has more than these, it had for the retry.
        """
        failed = [
            trial
            for trial in self.trials()
            if trial.state is TrialState.FAILED and (names is None or trial.name in names)
        ]
        for trial in failed:
            frozen = self._frozen(trial.number)
            kept = {key: frozen.user_attrs[key] for key in REPEATED if key in frozen.user_attrs}
            kept |= {"attempts": _by_seed(attempts(trial))}
            self._study.enqueue_trial(frozen.params, user_attrs={**kept, "origin": trial.origin})
        self._count()
        return failed

    def note_attempts(self, trial: Trial, attempts: Mapping[int, int]) -> None:
        """Gives the failed runs of a trial that is not told one more try beyond these attempts, by seed."""
        self._describe(trial, attempts=_by_seed(attempts))

    def running(self) -> list[Trial]:
        """Trials asked for and not told, of this or of a dead driver, each with its parameters complete."""
        states = (optuna.trial.TrialState.RUNNING,)
        return [self._opened(frozen.number) for frozen in self._study.get_trials(deepcopy=False, states=states)]

    def ask(self) -> Trial | None:
        """The next trial: one that waits, else a new one from the sampler; None when there are no more."""
        if self._enqueued < len(self._points) and self._waiting <= WAITING_MOST // 2:
            self._top_up()  # before the last one goes, so that a study that has points left always shows some
        if self._waiting == 0 and self._drawn >= self._config.n_trials:
            return None
        number = self._study.ask().number
        if self._waiting:
            self._waiting -= 1
        else:
            self._drawn += 1
        return self._opened(number)

    def tell(self, trial: Trial, value: float, values: Mapping[int, float]) -> None:
        """Completes the trial with its mean over ``n`` seeds and the value of each."""
        self._describe(trial, n=len(values), values={str(seed): each for seed, each in values.items()})
        self._study.tell(trial.number, value)

    def tell_failed(self, trial: Trial, reason: str) -> None:
        """Ends the trial as failed; it can be retried."""
        self._describe(trial, reason=reason)
        self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def _top_up(self) -> None:
        """Enqueues further points, in their order, until WAITING_MOST trials wait or no point is left."""
        there = {frozen.user_attrs.get("point") for frozen in self._study.get_trials(deepcopy=False)}
        missing = [index for index in range(len(self._points)) if index not in there]
        for index in missing[: max(0, WAITING_MOST - self._waiting)]:
            self._study.enqueue_trial({}, user_attrs={"point": index, **_attributes(self._points[index])})
            self._waiting += 1
            self._enqueued += 1

    def _count(self) -> None:
        """What waits, what was drawn by the sampler, and which points are there; the driver is the one writer."""
        frozen = self._study.get_trials(deepcopy=False)
        self._waiting = sum(trial.state is optuna.trial.TrialState.WAITING for trial in frozen)
        self._drawn = sum(not {"point", "origin"} & set(trial.user_attrs) for trial in frozen)
        self._enqueued = sum("point" in trial.user_attrs and "origin" not in trial.user_attrs for trial in frozen)

    def _opened(self, number: int) -> Trial:
        """The RUNNING trial, drawn and described as far as a kill had prevented it."""
        frozen = self._frozen(number)
        if "point" in frozen.user_attrs:
            return _trial(frozen)
        self._describe(_trial(frozen), **_attributes(drawn_point(self._draw(number))))
        return _trial(self._frozen(number))

    def _draw(self, number: int) -> dict[str, Value]:
        """The trial's parameters; those already drawn or fixed come back as they are."""
        study_id = self._storage.get_study_id_from_name(self._config.name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
        trial = optuna.trial.Trial(self._study, trial_id)
        for dim in self._config.space:
            if isinstance(dim, Choices):
                trial.suggest_categorical(dim.key, dim.choices)
            elif dim.whole:
                trial.suggest_int(dim.key, int(dim.low), int(dim.high), log=dim.log, step=int(dim.step or 1))
            else:
                trial.suggest_float(dim.key, dim.low, dim.high, log=dim.log, step=dim.step)
        return {dim.key: trial.params[dim.key] for dim in self._config.space}

    def _frozen(self, number: int) -> FrozenTrial:
        study_id = self._storage.get_study_id_from_name(self._config.name)
        return self._storage.get_trial(self._storage.get_trial_id_from_study_id_trial_number(study_id, number))

    def _describe(self, trial: Trial, **attributes: Any) -> None:
        study_id = self._storage.get_study_id_from_name(self._config.name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        for key, value in attributes.items():
            self._storage.set_trial_user_attr(trial_id, key, value)


def read_trials(path: Path, study: str) -> list[Trial]:
    """The last retry of each trial, read without writing; [] where the driver has not yet made the study.

    Raises:
        StudyError: the database cannot be read, also not after READ_PATIENCE_S. A driver that was killed inside
            a commit leaves it so: the next one to write rolls the commit back, a reader may not.
    """
    if not path.is_file():
        return []
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    deadline = time.monotonic() + READ_PATIENCE_S
    while True:
        try:
            return _read(path, study)
        except UNREADABLE as error:
            if time.monotonic() > deadline:
                raise StudyError(
                    f"the database {str(path)!r} must be readable",
                    f"{type(error).__name__}: {error.__cause__ or error}".splitlines()[0],
                    "Start the sweep again: that rolls back what a killed driver left. Else restore the file.",
                ) from error
        time.sleep(0.05)


def _read(path: Path, study: str) -> list[Trial]:
    storage = _storage(path, "ro")
    try:
        loaded = optuna.load_study(study_name=study, storage=storage)
        return latest(_trial(frozen) for frozen in loaded.get_trials(deepcopy=False))
    finally:
        storage.engine.dispose()


def _create(path: Path, config: StudyConfig) -> None:
    """Makes the empty study beside its name, then renames it: a kill leaves no half-made database."""
    temporary = path.with_name(f".{path.name}.tmp")
    for leftover in path.parent.glob(f"{temporary.name}*"):
        leftover.unlink()
    direction = optuna.study.StudyDirection[config.objective.direction.upper()]
    storage = _storage(temporary, "rwc")
    optuna.create_study(storage=storage, study_name=config.name, direction=direction)
    storage.engine.dispose()
    temporary.rename(path)


def _storage(path: Path, mode: str) -> optuna.storages.RDBStorage:
    """Optuna's storage in a SQLite file, opened `ro`, `rw` or `rwc`.

    The connection is made here: in an address of SQLAlchemy's a folder called `a?b` would be read as options.
    """
    uri = f"file:{quote(str(path))}?mode={mode}"
    connect = functools.partial(sqlite3.connect, uri, uri=True, check_same_thread=False)
    return optuna.storages.RDBStorage(
        "sqlite:///", engine_kwargs={"creator": connect}, skip_table_creation=mode == "ro"
    )


def _sampler(config: StudyConfig, drawn_so_far: int) -> optuna.samplers.BaseSampler:
    # A restarted driver must not draw the points of its first start again, hence the seed.
    if config.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=drawn_so_far)
    return optuna.samplers.RandomSampler(seed=drawn_so_far)


def _by_seed(attempts: Mapping[int, int]) -> dict[str, int]:
    return {str(seed): count for seed, count in attempts.items()}


def _attributes(point: Point) -> dict[str, Any]:
    return {"title": point.title, "overrides": list(point.overrides)}


def _trial(frozen: FrozenTrial) -> Trial:
    attributes = frozen.user_attrs
    return Trial(
        number=frozen.number,
        origin=attributes.get("origin", frozen.number),
        state=STATES[frozen.state],
        title=attributes.get("title", ""),
        overrides=tuple(attributes.get("overrides", ())),
        value=frozen.value if frozen.state is optuna.trial.TrialState.COMPLETE else None,
        values={int(seed): value for seed, value in attributes.get("values", {}).items()},
        reason=attributes.get("reason"),
        attempts={int(seed): count for seed, count in attributes.get("attempts", {}).items()},
    )
