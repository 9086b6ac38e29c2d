"""Reading the trials of a study: what Optuna keeps of one as a Trial, and all of them without writing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from harness.errors import StudyError
from sweeps.storage.optuna_storages import UNREADABLE, close, exists, open_to_read
from sweeps.storage.outage import reason
from sweeps.storage.place import POSTGRESQL, Place
from sweeps.trials import Trial, TrialState, latest

STATES = {
    optuna.trial.TrialState.WAITING: TrialState.WAITING,
    optuna.trial.TrialState.RUNNING: TrialState.RUNNING,
    optuna.trial.TrialState.COMPLETE: TrialState.COMPLETE,
    optuna.trial.TrialState.PRUNED: TrialState.PRUNED,
    optuna.trial.TrialState.FAIL: TrialState.FAILED,
}

READ_PATIENCE_S = 1.0
"""For a reader: a commit of the driver takes milliseconds."""


def read_trials(place: Place) -> list[Trial]:
    """The last trial of each configuration, read without writing; [] where the driver has not yet made the study.

    Raises:
        StudyError: the database cannot be read, also not after READ_PATIENCE_S. A driver that was killed inside
            a commit leaves it so: the next one to write rolls the commit back, a reader may not.
    """
    deadline = time.monotonic() + READ_PATIENCE_S
    while True:
        try:
            return _read(place) if exists(place, place.study) else []
        except StudyError:
            raise
        except UNREADABLE as error:
            if time.monotonic() > deadline:
                raise _unreadable(place, error) from error
        time.sleep(0.05)


def _unreadable(place: Place, error: Exception) -> StudyError:
    rule = f"the database {place.address!r} must be readable"
    if place.kind == POSTGRESQL:
        return StudyError(rule, reason(error), "Try again when it answers; see docs/storage.md.")
    return StudyError(
        rule,
        f"{type(error).__name__}: {reason(error)}",
        "Start the sweep again: that rolls back what a killed driver left. Else restore the file.",
    )


def _read(place: Place) -> list[Trial]:
    storage = open_to_read(place)
    try:
        loaded = optuna.load_study(study_name=place.study, storage=storage)
        return latest(trial_of(frozen) for frozen in loaded.get_trials(deepcopy=False))
    finally:
        close(storage)


def trial_of(frozen: FrozenTrial) -> Trial:
    """The trial as the sweep sees it."""
    attributes = frozen.user_attrs
    values = _seeds(attributes.get("values", {})) if frozen.state is optuna.trial.TrialState.COMPLETE else {}
    return Trial(
        number=frozen.number,
        origin=attributes.get("origin", frozen.number),
        state=STATES[frozen.state],
        title=attributes.get("title", ""),
        overrides=tuple(attributes.get("overrides", ())),
        value=statistics.fmean(values.values()) if values else None,
        values=values,
        also=tuple(_seeds(each) for each in attributes.get("also", ())) if values else (),
        reason=attributes.get("reason"),
        attempts=_seeds(attributes.get("attempts", {})),
        seeds=tuple(attributes.get("seeds", ())),
        rung=attributes.get("rung", 0),
        spared=attributes.get("spared", False),
        key=attributes.get("key", ""),
        reports=dict(frozen.intermediate_values),
        passed=attributes.get("passed", 0),
        judged=attributes.get("judged", 0),
        reached=attributes.get("reached", 0),
        dropped=attributes.get("dropped"),
        dead=tuple(attributes["dead"]) if attributes.get("dead") else None,
    )


def _seeds(numbers: Mapping[str, Any]) -> dict[int, Any]:
    return {int(seed): number for seed, number in numbers.items()}
