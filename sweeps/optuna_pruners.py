"""Optuna's pruners by name, each asked on a throw-away study in memory that holds the curves of the real one."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.pruners import BasePruner

from harness.config.pruning import Pruning
from harness.errors import ConfigError, unknown
from sweeps.curves import Curve, Report, looks
from sweeps.trials import TrialState

CLASSES: dict[str, type[BasePruner]] = {
    "median": optuna.pruners.MedianPruner,
    "patient": optuna.pruners.PatientPruner,
    "percentile": optuna.pruners.PercentilePruner,
    "successive_halving": optuna.pruners.SuccessiveHalvingPruner,
    "threshold": optuna.pruners.ThresholdPruner,
}
WRAPPED = ("median", "percentile", "threshold")
"""Pruners that `patient` may hold back. successive_halving keeps notes of its own, at steps of its own."""
OURS = {"n_warmup_steps": "pruning.start", "interval_steps": "pruning.every"}
"""Options of Optuna's that settings of ours stand for."""
STATES = {
    TrialState.RUNNING: optuna.trial.TrialState.RUNNING,
    TrialState.COMPLETE: optuna.trial.TrialState.COMPLETE,
    TrialState.FAILED: optuna.trial.TrialState.FAIL,
    "pruned": optuna.trial.TrialState.PRUNED,
}
RUNG = "completed_rung_{}"
"""Where SuccessiveHalvingPruner notes the value that a trial had at a rung."""


def options_of(pruner: str) -> tuple[str, ...]:
    """The options that a pruner of Optuna takes here."""
    return tuple(name for name in inspect.signature(CLASSES[pruner]).parameters if name not in OURS)


def build(pruner: str, options: Mapping[str, Any]) -> BasePruner:
    """The pruner of Optuna. Raises ConfigError: an unknown or missing option, or a value that Optuna refuses."""
    kind = CLASSES[pruner]
    for name in OURS.keys() & options.keys():
        raise ConfigError(
            f"pruning.options.{name} must be left out: {OURS[name]} stands for it", repr(options[name]), "Set that."
        )
    if extra := set(options) - set(options_of(pruner)):
        raise unknown(f"options of pruner {pruner}", extra, options_of(pruner))
    given = dict(options)
    if pruner == "patient":
        given["wrapped_pruner"] = _wrapped(options.get("wrapped_pruner"))
    if pruner == "successive_halving" and type(options.get("min_resource")) is not int:
        raise ConfigError(
            "pruning.options.min_resource must be given, in steps: by itself it would depend on which trial ends first",
            repr(options.get("min_resource")),
            "Set e.g. min_resource: 20.",
        )
    parameters = inspect.signature(kind).parameters.values()
    if missing := [each.name for each in parameters if each.default is each.empty and each.name not in given]:
        raise ConfigError(f"pruning.options.{missing[0]} must be given for {pruner}", "nothing", "Set it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return kind(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"pruning.options must be such that Optuna's {kind.__name__} takes them",
            f"{dict(options)}: {error}",
            f"Its options: {', '.join(options_of(pruner))}.",
        ) from error


def judge(config: Pruning, curves: Sequence[Curve]) -> dict[int, str]:
    """Running configurations that the pruner stops, each at its newest look, with the reason."""
    pruner, seen = (
        build(config.pruner, config.options),
        {c.origin: looks(c, config.start, config.every) for c in curves},
    )
    judged = [
        curve
        for curve in curves
        if curve.state == TrialState.RUNNING and not curve.spared and curve.dead is None and seen[curve.origin]
    ]
    asked = _rungs if config.pruner == "successive_halving" else _all
    verdicts = asked(config, pruner, curves, seen)
    found = {}
    for curve in judged:
        reports = seen[curve.origin]
        look = verdicts(curve, reports)
        if look is not None:
            found[curve.origin] = f"{config.pruner} at step {look[0]}: {config.metric} {look[1]:.4g}"
    return found


Verdicts = Callable[[Curve, tuple[Report, ...]], Report | None]
"""The look at which a configuration is to be pruned; None where it goes on."""


def _all(
    config: Pruning, pruner: BasePruner, curves: Sequence[Curve], seen: Mapping[int, tuple[Report, ...]]
) -> Verdicts:
    study, frozen = _study(config, [_frozen(curve, seen[curve.origin]) for curve in curves]), {}
    for curve, trial in zip(curves, study.get_trials(), strict=True):
        frozen[curve.origin] = trial
    alone = config.pruner == "threshold" or (
        config.pruner == "patient" and _kind(config.options.get("wrapped_pruner")) in (None, "threshold")
    )

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
        study = optuna.create_study(direction=config.direction)
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


def _kind(wrapped: Any) -> str | None:
    return wrapped if wrapped is None or isinstance(wrapped, str) else wrapped.get("pruner")


def _wrapped(given: Any) -> BasePruner | None:
    """The pruner that `patient` holds back: null, a name, or {pruner, options}."""
    if given is None:
        return None
    found = {"pruner": given} if isinstance(given, str) else given
    if not isinstance(found, Mapping) or not set(found) <= {"pruner", "options"}:
        raise ConfigError(
            "pruning.options.wrapped_pruner must be null, a name, or a group of pruner and options",
            repr(given),
            "Set e.g. wrapped_pruner: median.",
        )
    if found.get("pruner") not in WRAPPED:
        raise unknown("pruners that patient wraps", [str(found.get("pruner"))], WRAPPED)
    return build(found["pruner"], found.get("options") or {})
