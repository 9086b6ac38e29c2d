"""Optuna's pruners, each asked on a throw-away study in memory that holds the curves of the real one."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

import optuna
from optuna.pruners import BasePruner

from harness.config.pruning import Pruning
from sweeps.pruning.curves import Curve, Report, looks
from sweeps.pruning.pruner_options import asks_nobody, build
from sweeps.trials import TrialState

STATES = {
    TrialState.RUNNING: optuna.trial.TrialState.RUNNING,
    TrialState.COMPLETE: optuna.trial.TrialState.COMPLETE,
    TrialState.FAILED: optuna.trial.TrialState.FAIL,
    "pruned": optuna.trial.TrialState.PRUNED,
}
RUNG = "completed_rung_{}"
"""Where SuccessiveHalvingPruner notes the value that a trial had at a rung."""


def judge(config: Pruning, curves: Sequence[Curve]) -> dict[int, str]:
    """Running configurations that the pruner stops, each at its newest look, with the reason."""
    pruner = build(config.pruner, config.options)
    seen = {curve.origin: looks(curve, config.start, config.every) for curve in curves}
    verdicts = _rungs if config.pruner == "successive_halving" else _all
    verdict, found = verdicts(config, pruner, curves, seen), {}
    for curve in curves:
        # At its last step it has its value, and nothing is saved any more.
        reports = tuple(report for report in seen[curve.origin] if report[0] < curve.steps)
        held = curve.state == TrialState.RUNNING and not curve.spared and curve.dead is None and bool(reports)
        if held and (look := verdict(curve, reports)) is not None:
            found[curve.origin] = _reason(config, curve, look, seen)
    return found


def _reason(config: Pruning, curve: Curve, look: Report, seen: Mapping[int, tuple[Report, ...]]) -> str:
    step, value = look
    others = [other for origin, own in seen.items() if origin != curve.origin for at, other in own if at == step]
    middle = f", the median of {len(others)} others {statistics.median(others):.4g}" if others else ""
    return f"{config.pruner} at step {step}: {config.metric} {value:.4g}{middle}"


Verdicts = Callable[[Curve, tuple[Report, ...]], Report | None]
"""The look at which a configuration is to be pruned; None where it goes on."""


def _all(
    config: Pruning, pruner: BasePruner, curves: Sequence[Curve], seen: Mapping[int, tuple[Report, ...]]
) -> Verdicts:
    study = _study(config, [_frozen(curve, seen[curve.origin]) for curve in curves])
    frozen = {curve.origin: trial for curve, trial in zip(curves, study.get_trials(), strict=True)}
    alone = asks_nobody(config.pruner, config.options)

    def verdict(curve: Curve, reports: tuple[Report, ...]) -> Report | None:
        # What depends on nobody else is asked at every look, so that it does not depend on when somebody looked.
        for place in range(1 if alone else len(reports), len(reports) + 1):
            look = reports[place - 1]
            trial = frozen[curve.origin]
            trial.intermediate_values = dict(reports[:place])
            if look[0] > curve.judged and pruner.prune(study, trial):
                return look
        return None

    return verdict


def _rungs(
    config: Pruning, pruner: BasePruner, curves: Sequence[Curve], seen: Mapping[int, tuple[Report, ...]]
) -> Verdicts:
    """Successive halving: a configuration is asked at the newest rung it has come to, among all that came there."""
    notes = {curve.origin: _notes(config, seen[curve.origin]) for curve in curves}

    def verdict(curve: Curve, reports: tuple[Report, ...]) -> Report | None:
        came = notes[curve.origin]
        if not came or came[-1][0] <= curve.judged:
            return None
        look = came[-1]
        trials = []
        for each in curves:
            own = each.origin == curve.origin
            noted = notes[each.origin][: -1 if own else None]
            values = tuple(report for report in reports if report[0] <= look[0]) if own else seen[each.origin]
            trials.append(_frozen(each, values, {RUNG.format(rung): value for rung, (_, value) in enumerate(noted)}))
        study = _study(config, trials)
        place = next(place for place, each in enumerate(curves) if each.origin == curve.origin)
        return look if pruner.prune(study, study.get_trials()[place]) else None

    return verdict


def _notes(config: Pruning, reports: tuple[Report, ...]) -> list[Report]:
    """The first look at or behind each rung, as far as the configuration has come."""
    options = config.options
    factor, early = options.get("reduction_factor", 4), options.get("min_early_stopping_rate", 0)
    found: list[Report] = []
    while True:
        rung = options["min_resource"] * factor ** (early + len(found))
        look = next((report for report in reports if report[0] >= rung), None)
        if look is None:
            return found
        found.append(look)


def _study(config: Pruning, trials: Sequence[optuna.trial.FrozenTrial]) -> optuna.Study:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="minimize" if config.direction == "minimize" else "maximize")
        study.add_trials(trials)
        return study
    finally:
        optuna.logging.set_verbosity(before)


def _frozen(
    curve: Curve, reports: tuple[Report, ...], notes: Mapping[str, float] | None = None
) -> optuna.trial.FrozenTrial:
    state = STATES.get(curve.state, optuna.trial.TrialState.WAITING)
    if state is optuna.trial.TrialState.COMPLETE and not reports:
        state = optuna.trial.TrialState.FAIL  # it says nothing that a pruner could compare
    return optuna.trial.create_trial(
        state=state,
        value=reports[-1][1] if state is optuna.trial.TrialState.COMPLETE else None,
        intermediate_values=dict(reports),
        system_attrs=dict(notes or {}),
    )
