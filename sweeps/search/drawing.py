"""A search space as Optuna sees it: the distributions, and the names of their parameters.

A dimension is the parameter of its key. A range with `or` has a second one, `KEY or`, a category of its own values and
"range"; the range itself is a parameter only where that one says "range".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from harness.config.conditions import active, in_order
from harness.config.space import Choices, Dimension, Range, Value

RANGE = "range"
"""The choice of `KEY or` under which the range itself is drawn from."""


def or_name(key: str) -> str:
    """The category beside a range; no override key has a space in it."""
    return f"{key} or"


def distributions(dim: Dimension) -> dict[str, BaseDistribution]:
    """Parameter name -> distribution of a dimension, the category of a range with `or` first."""
    if isinstance(dim, Choices):
        return {dim.key: CategoricalDistribution(dim.choices)}
    category = {or_name(dim.key): CategoricalDistribution((RANGE, *dim.others))} if dim.others else {}
    return {**category, dim.key: _range(dim)}


def draw(trial: optuna.trial.Trial, space: Sequence[Dimension], *, flat: bool = False) -> dict[str, Any]:
    """Suggests the parameters of the active dimensions (`flat`: of all); those already fixed come back as they are.

    Returns parameter name -> value; `point_values` gives the values of the dimensions.
    """
    for dim in in_order(space):
        if flat or active(dim, point_values(space, trial.params)):
            for name, distribution in distributions(dim).items():
                if flat or _wanted(dim, name, trial.params):
                    _suggest(trial, name, distribution)
    return dict(trial.params)


def point_values(space: Sequence[Dimension], params: Mapping[str, Any]) -> dict[str, Value]:
    """The values of the active dimensions, in the order of the space, from parameters that may have others, too.

    A value of a range with a step is the exact one: 0.3 where floating-point sums give 0.30000000000000004.
    """
    values: dict[str, Value] = {}
    for dim in in_order(space):
        category = params.get(or_name(dim.key), RANGE) if isinstance(dim, Range) and dim.others else RANGE
        if not active(dim, values):
            continue
        if category != RANGE:
            values[dim.key] = category
        elif dim.key in params:
            values[dim.key] = _exact(dim, params[dim.key])
    return {dim.key: values[dim.key] for dim in space if dim.key in values}


def params_of(space: Sequence[Dimension], values: Mapping[str, Value]) -> dict[str, Any] | None:
    """The parameters of a point given by the values of its active dimensions; None if it is no point of the space."""
    params: dict[str, Any] = {}
    for dim in in_order(space):
        if active(dim, values) != (dim.key in values):
            return None
        if dim.key not in values:
            continue
        value = values[dim.key]
        if isinstance(dim, Range) and dim.others:
            params[or_name(dim.key)] = value if value in dim.others else RANGE
        if isinstance(dim, Choices) or value not in dim.others:
            params[dim.key] = value
    return params if set(values) <= {dim.key for dim in space} and _contained(space, params) else None


def _contained(space: Sequence[Dimension], params: Mapping[str, Any]) -> bool:
    every = {name: each for dim in space for name, each in distributions(dim).items()}
    try:
        return all(every[name]._contains(every[name].to_internal_repr(value)) for name, value in params.items())
    except ValueError:
        return False


def filled(space: Sequence[Dimension], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with those of inactive dimensions in their middle, for samplers that know no conditions."""
    middle = {name: _middle(each) for dim in space for name, each in distributions(dim).items()}
    return {**middle, **params}


def known(space: Sequence[Dimension], params: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of a point of the space, not of a list or of another space."""
    values = point_values(space, params)
    return bool(values) and params_of(space, values) is not None and set(params) == set(params_of(space, values) or ())


def _wanted(dim: Dimension, name: str, params: Mapping[str, Any]) -> bool:
    return name != dim.key or params.get(or_name(dim.key), RANGE) == RANGE


def _range(dim: Range) -> BaseDistribution:
    high = dim.high if dim.step is None else dim.at(dim.steps)  # Optuna warns of a high that no step reaches
    if dim.whole:
        return IntDistribution(int(dim.low), int(high), log=dim.log, step=int(dim.step or 1))
    return FloatDistribution(float(dim.low), float(high), log=dim.log, step=dim.step)


def _suggest(trial: optuna.trial.Trial, name: str, distribution: BaseDistribution) -> None:
    match distribution:
        case CategoricalDistribution():
            trial.suggest_categorical(name, distribution.choices)
        case IntDistribution():
            trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log, step=distribution.step)
        case FloatDistribution():
            trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log, step=distribution.step)


def _exact(dim: Dimension, value: Any) -> Value:
    if isinstance(dim, Choices):
        return next((each for each in dim.choices if each == value), value)
    if dim.step is None or isinstance(value, str):
        return value
    return dim.at(round((value - dim.low) / dim.step))


def _middle(distribution: BaseDistribution) -> Any:
    match distribution:
        case CategoricalDistribution():
            return distribution.choices[0]
        case IntDistribution():
            half = round((distribution.high - distribution.low) / distribution.step / 2)
            return distribution.low + half * distribution.step
        case FloatDistribution(log=True):
            return (distribution.low * distribution.high) ** 0.5
        case FloatDistribution(step=None):
            return (distribution.low + distribution.high) / 2
        case FloatDistribution(step=step):
            assert step is not None
            return distribution.low + round((distribution.high - distribution.low) / step / 2) * step
    raise AssertionError(distribution)
