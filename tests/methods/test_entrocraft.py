import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_batches import BANDS, ENTROPY, REWARDS, batch

from harness.core.band import Band
from harness.core.filter import acceptance
from harness.core.rng import generator
from harness.errors import ConfigError, InputError
from harness.methods import METHODS, build
from harness.methods.band_switch import BandSwitch
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
        ({"lambda": 1}, ConfigError, "got 'lambda'.*Valid: advantage, base, denominator, gamma"),
        (
            {"advantage": "normalised"},
            ConfigError,
            "'entrocraft': advantage must be one of base, raw; got 'normalised'",
        ),
        ({"zero_variance": False}, ConfigError, "zero_variance must be one of base, raw; got False"),
        ({"denominator": "rows"}, ConfigError, "denominator must be one of kept, all; got 'rows'"),
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


RELEASE = {"gamma": math.inf, "advantage": "raw", "zero_variance": "raw", "denominator": "all"}
OPTIONS = st.fixed_dictionaries(
    {
        "gamma": st.sampled_from([0.0, 0.5, 10.0, math.inf]),
        "advantage": st.sampled_from(["base", "raw"]),
        "zero_variance": st.sampled_from(["base", "raw"]),
        "denominator": st.sampled_from(["kept", "all"]),
    }
)


@given(REWARDS, ENTROPY, BANDS)
def test_each_ingredient_as_in_algorithm_1_is_algorithm_1(rewards, entropy, band):
    """Written out from the paper: the same rows with the same group-normalised advantages."""
    spelled = Entrocraft(gamma=10.0, advantage="base", zero_variance="base", denominator="kept")
    given_batch = batch(spelled, rewards, entropy, band)
    action = spelled.act(given_batch, {})[0]
    m = int(entropy > band.high) - int(entropy < band.low)
    u = 1.0 - generator(given_batch.seed, given_batch.step, "filter").random(len(rewards))
    assert np.array_equal(action.keep, u <= np.minimum(1.0, np.exp(10.0 * m * given_batch.advantages)))
    assert np.array_equal(action.advantages, given_batch.advantages)
    assert spelled == Entrocraft()


@pytest.mark.parametrize("base", ["grpo", "psr", "reinforce"])
@given(rewards=REWARDS, entropy=ENTROPY, band=BANDS)
def test_each_ingredient_as_in_the_release_is_band_switch(base, rewards, entropy, band):
    ours, theirs = (
        act(Entrocraft(base, **RELEASE), rewards, entropy, band),
        act(BandSwitch(base), rewards, entropy, band),
    )
    assert (ours.m, ours.advantages.tolist()) == (theirs.m, theirs.advantages.tolist())
    if base != "psr" or ours.m == 0:  # out of the band the release keeps even what its base would drop
        assert np.array_equal(ours.keep, theirs.keep)


@given(REWARDS, ENTROPY, BANDS, OPTIONS)
def test_inside_the_band_every_combination_is_the_base(rewards, entropy, band, options):
    if band.direction(entropy) == 0:
        action = act(Entrocraft(**options), rewards, entropy, band)
        assert action.keep.all()
        assert np.array_equal(action.advantages, batch(Entrocraft(), rewards).advantages)


@given(REWARDS, st.sampled_from([0.3, 0.7]), OPTIONS)
def test_the_denominator_changes_neither_the_accepted_rows_nor_their_advantages(rewards, entropy, options):
    dropped, stay = (
        act(Entrocraft(**{**options, "denominator": denominator}), rewards, entropy, BAND)
        for denominator in ("kept", "all")
    )
    assert stay.keep.all()
    assert np.array_equal(stay.advantages[dropped.keep], dropped.advantages[dropped.keep])
    assert (stay.advantages[~dropped.keep] == 0).all()


EQUAL = [1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]  # mixed, all right, all wrong


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, -0.5, -0.5, -0.5, 0, 0, 0, 0, 0, 0, 0, 0]),
        ({"advantage": "raw"}, [0, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ({"zero_variance": "raw"}, [0, -0.5, -0.5, -0.5, 0, 0, 0, 0, -1, -1, -1, -1]),
        ({"advantage": "raw", "zero_variance": "raw"}, [0, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1]),
    ],
)
def test_what_enters_below_the_band(options, expected):
    action = act(Entrocraft(gamma=math.inf, denominator="all", **options), EQUAL, 0.3, BAND)
    assert action.advantages == pytest.approx(expected, abs=1e-5)


def test_raw_needs_signed_rewards():
    with pytest.raises(InputError, match=r"rewards must be \+1 for correct"):
        act(Entrocraft(advantage="raw"), [1.0, 0.0, 0.0, 1.0], 0.3, BAND)
