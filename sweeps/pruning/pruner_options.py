"""Optuna's pruners by name, with the options that they take here."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.pruners import BasePruner

from harness.errors import ConfigError, unknown

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


def asks_nobody(pruner: str, options: Mapping[str, Any]) -> bool:
    """Whether it judges a configuration by its own values alone."""
    wrapped = options.get("wrapped_pruner")
    name = wrapped.get("pruner") if isinstance(wrapped, Mapping) else wrapped
    return pruner == "threshold" or (pruner == "patient" and name in (None, "threshold"))


def _wrapped(given: Any) -> BasePruner | None:
    """The pruner that `patient` holds back: null, a name, or {pruner, options}."""
    if given is None:
        return None
    found: Any = {"pruner": given} if isinstance(given, str) else given
    if not isinstance(found, Mapping) or not set(found) <= {"pruner", "options"}:
        raise ConfigError(
            "pruning.options.wrapped_pruner must be null, a name, or a group of pruner and options",
            repr(given),
            "Set e.g. wrapped_pruner: median.",
        )
    if found.get("pruner") not in WRAPPED:
        raise unknown("pruners that patient wraps", [str(found.get("pruner"))], WRAPPED)
    return build(found["pruner"], found.get("options") or {})
