import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_batches import BANDS, ENTROPY, REWARDS, batch

from harness.core.band import Band
from harness.core.filter import acceptance
from harness.errors import ConfigError, InputError
from harness.methods import METHODS, build
from harness.methods.entrocraft import Entrocraft

BASES = sorted(name for name, method in METHODS.items() if method.estimator)
BAND = Band(0.4, 0.6)
MIXED = [1.0, -1.0, -1.0, -1.0] * 4


def act(method, *args, **kwargs):
    return method.act(batch(method, *args, **kwargs), {})[0]


@pytest.mark.parametrize(("entropy", "m", "kept"), [(0.7, 1, 4), (0.3, -1, 12), (0.5, 0, 16)])
def test_the_hard_filter(entropy, m, kept):
    action = act(Entrocraft(gamma=math.inf), MIXED, entropy, BAND)
    assert (action.m, action.keep.sum()) == (m, kept)
    assert (m * action.advantages[action.keep] >= 0).all()


@pytest.mark.parametrize("base", BASES)
@given(rewards=REWARDS, entropy=ENTROPY, band=BANDS)
def test_gamma_zero_is_the_base(base, rewards, entropy, band):
    action, plain = act(Entrocraft(base, 0), rewards, entropy, band), act(build({"name": base}), rewards)
    assert np.array_equal(action.keep, plain.keep)
    assert np.array_equal(action.advantages, plain.advantages)


@pytest.mark.parametrize("base", BASES)
@given(rewards=REWARDS, entropy=ENTROPY, band=BANDS)
def test_it_never_keeps_what_the_base_drops_and_never_changes_an_advantage(base, rewards, entropy, band):
    action, plain = act(Entrocraft(base), rewards, entropy, band), act(build({"name": base}), rewards)
    assert not (action.keep & ~plain.keep).any()
    assert np.array_equal(action.advantages, plain.advantages)


@given(REWARDS, ENTROPY, BANDS, st.integers(0, 5), st.integers(1, 5))
def test_the_draws_depend_on_seed_and_step_only(rewards, entropy, band, seed, step):
    first, second = (act(Entrocraft(gamma=0.5), rewards, entropy, band, step, seed) for _ in range(2))
    assert np.array_equal(first.keep, second.keep)


def test_frequencies_over_steps():
    method = Entrocraft(gamma=1)
    kept, steps = 0, 1500
    for step in range(1, steps + 1):
        kept += act(method, MIXED, 0.7, BAND, step).keep
    p = acceptance(batch(method, MIXED).advantages, 1, 1)
    assert (np.abs(kept - steps * p) <= 5 * np.sqrt(steps * p * (1 - p))).all()
    assert (kept[p == 1] == steps).all()


def test_an_empty_kept_set_is_possible_and_said():
    assert not act(Entrocraft("nsr", math.inf), [-1, -1], 0.9, BAND).keep.any()


def test_the_loss_is_the_bases():
    assert Entrocraft("gspo").loss().ratio == "sequence"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"gamma": -1}, ConfigError, "'entrocraft': gamma must be at least 0; got -1"),
        ({"gamma": math.nan}, ConfigError, "gamma must be a number; got nan"),
        ({"gamma": "ten"}, ConfigError, "gamma must be a number; got 'ten'"),
        ({"gamma": True}, ConfigError, "gamma must be a number; got True"),
        ({"lambda": 1}, ConfigError, "got 'lambda'.*Valid: base, gamma"),
        ({"base": "entropic"}, ConfigError, "must be an estimator.*got base 'entropic'.*Valid: grpo, gspo"),
        ({"base": "entrocraft"}, ConfigError, "must be an estimator"),
        ({"base": "clip_higher"}, ConfigError, "must be an estimator"),
        ({"base": "gppo"}, ConfigError, "bases must be known ones"),
    ],
)
def test_refused(options, error, message):
    with pytest.raises(error, match=message):
        build({"name": "entrocraft", **options})


def test_direct_construction_is_refused_too():
    with pytest.raises(InputError, match="gamma"):
        Entrocraft(gamma=-0.1)
