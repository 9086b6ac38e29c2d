"""One suite, every method: what a backend may rely on."""

import json
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_batches import BANDS, ENTROPY, REWARDS, batch

from harness.errors import ConfigError
from harness.methods import BACKENDS, METHODS, LossPlan, build

EVERY = pytest.mark.parametrize("name", list(METHODS))


@EVERY
def test_it_says_what_it_is(name):
    method = METHODS[name]
    assert method.name == name
    assert method.title and method.source and method.__doc__
    assert method.tested_on <= set(BACKENDS)


@EVERY
def test_its_dictionary_builds_it_again(name):
    method = build({"name": name})
    assert build(json.loads(json.dumps(method.to_dict()))) == method


@EVERY
def test_it_is_frozen_with_defaults_for_every_option(name):
    method = build({"name": name})
    for option in fields(method):
        with pytest.raises(FrozenInstanceError):
            setattr(method, option.name, None)


@EVERY
@given(rewards=REWARDS)
def test_advantages_are_finite_scalars(name, rewards):
    method = build({"name": name})
    advantages = batch(method, rewards).advantages
    assert advantages.shape == rewards.shape
    assert advantages.dtype == np.float64
    assert np.isfinite(advantages).all()


@EVERY
@given(rewards=REWARDS, entropy=ENTROPY, band=BANDS, step=st.integers(1, 9))
def test_an_action_is_complete_repeatable_and_leaves_its_input_alone(name, rewards, entropy, band, step):
    method = build({"name": name})
    given_batch = batch(method, rewards, entropy, band, step)
    before = given_batch.advantages.copy(), given_batch.rewards.copy()
    state = method.initial_state()
    action, after = method.act(given_batch, state)
    again, after_again = method.act(given_batch, method.initial_state())
    assert action.advantages.shape == action.keep.shape == rewards.shape
    assert np.array_equal(action.advantages, again.advantages) and np.array_equal(action.keep, again.keep)
    assert json.loads(json.dumps(after)) == after == after_again
    assert set(after) == set(state)
    assert state == method.initial_state()
    assert np.array_equal(before, (given_batch.advantages, given_batch.rewards))
    assert action.m == (band.direction(entropy) if method.needs_schedule else 0)


@EVERY
def test_a_schedule_is_asked_for_exactly_when_it_is_needed(name):
    method = build({"name": name})
    given_batch = batch(method, [1, -1, -1, 1], band=None)
    if method.needs_schedule:
        with pytest.raises(ConfigError, match=r"needs a schedule.*schedule=linear"):
            method.act(given_batch, method.initial_state())
    else:
        method.act(given_batch, method.initial_state())


@EVERY
def test_the_loss_plan(name):
    plan = build({"name": name}).loss()
    assert isinstance(plan, LossPlan)
    assert plan.ratio == ("sequence" if name == "gspo" else "token")
