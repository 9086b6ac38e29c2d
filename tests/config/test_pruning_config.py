"""The pruning group: what is read, what is refused and with which words. No Optuna is needed for it."""

from types import SimpleNamespace

import pytest

from harness.config.guards import Guards
from harness.config.pruning import Pruning
from harness.errors import ConfigError

HALVING = {"pruner": "halving", "options": {"rungs": [20, 60]}}


@pytest.mark.parametrize(
    "values",
    [
        {},
        HALVING,
        {"pruner": "median", "metric": "acc", "direction": "maximize", "start": 20, "every": 5, "options": {"a": 1}},
        {"guards": {"saturated_steps": 30, "entropy_below": 0.01}},
        {"options": None, "guards": None},
    ],
)
def test_it_survives_its_own_dictionary(values):
    config = Pruning.from_dict(values)
    assert Pruning.from_dict(config.to_dict()) == config
    assert hash(config) == hash(Pruning.from_dict(values))


def test_by_default_nothing_is_pruned():
    assert not Pruning().on and Pruning.from_dict({}) == Pruning() and Pruning().rungs == ()
    assert Pruning(guards=Guards(dead_reward_steps=3)).on and Pruning.from_dict(HALVING).on


def test_halving_has_its_rungs_and_what_it_keeps():
    config = Pruning.from_dict(HALVING)
    assert config.rungs == (20, 60) and config.keep == 3


def test_metric_and_direction_are_the_objective_s_where_none_are_given():
    objective = SimpleNamespace(metric="acc", direction="maximize")
    config = Pruning.from_dict(HALVING).of(objective)
    assert (config.metric, config.direction) == ("acc", "maximize")
    own = Pruning.from_dict({**HALVING, "metric": "loss", "direction": "minimize"})
    assert own.of(objective) == own
    assert Pruning().of(objective) == Pruning()


@pytest.mark.parametrize("metric", ["tracking_error", "gpu_hours"])
def test_an_objective_that_no_record_holds_is_refused(metric):
    with pytest.raises(ConfigError, match=r"pruning\.metric must be given.*control/tracking_error"):
        Pruning.from_dict(HALVING).of(SimpleNamespace(metric=metric, direction="minimize"))


@pytest.mark.parametrize("values", [{"metric": "acc"}, {"direction": "maximize"}])
def test_one_without_the_other_is_refused(values):
    with pytest.raises(ConfigError, match="given together, or neither"):
        Pruning.from_dict({**HALVING, **values}).of(SimpleNamespace(metric="acc", direction="maximize"))


@pytest.mark.parametrize(
    "values, phrases",
    [
        ({"pruner": "medain"}, ["pruners must be known ones", "Did you mean 'median'?", "halving"]),
        ({"pruner": "hyperband"}, ["is not offered", "hash of the trial's number", "successive_halving"]),
        ({"pruner": "wilcoxon"}, ["is not offered", "independent pairs"]),
        ({"pruner": "median", "direction": "up"}, ["values of pruning.direction", "'up'", "Valid: maximize"]),
        ({"pruner": "median", "start": 0}, ["pruning.start must be a whole number >= 1"]),
        ({"pruner": "median", "every": True}, ["pruning.every must be a whole number", "True (bool)"]),
        ({"prunner": "median"}, ["keys of pruning", "Did you mean 'pruner'?"]),
        ({"options": {"keep": 3}}, ["options of pruner none", "'keep'", "Valid: none"]),
        ({"pruner": "median", "options": [3]}, ["pruning.options must be a group"]),
        ({"pruner": "halving"}, ["options.rungs must be given"]),
        ({"pruner": "halving", "options": {"rungs": [60, 20]}}, ["options.rungs must list", "rising"]),
        ({"pruner": "halving", "options": {"rungs": 20}}, ["options.rungs must be a list of whole numbers"]),
        ({"pruner": "halving", "options": {"rungs": [20], "keep": 1}}, ["options.keep must be a whole number >= 2"]),
        ({"pruner": "halving", "options": {"rungs": [20], "kep": 2}}, ["options of pruner halving", "'keep'?"]),
        ({**HALVING, "every": 5}, ["must be left out for halving", "every 5"]),
        ({"guards": {"saturated": 3}}, ["keys of pruning.guards", "'saturated_steps'?"]),
        ({"guards": {"saturated_steps": 0}}, ["guards.saturated_steps must be a whole number >= 1"]),
        ({"guards": {"entropy_below": 2.0, "entropy_above": 1.0}}, ["entropy_below must be <", "Swap the two"]),
    ],
)
def test_others_are_refused(values, phrases):
    with pytest.raises(ConfigError) as refused:
        Pruning.from_dict(values)
    assert all(phrase in str(refused.value) for phrase in phrases), str(refused.value)
