import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.core.filter import accept, acceptance
from harness.core.rng import generator
from harness.errors import InputError

ADVANTAGES = arrays(np.float64, st.integers(0, 30), elements=st.floats(-3, 3))
GAMMA = st.floats(0, 50) | st.just(math.inf)
DIRECTION = st.sampled_from([-1, 0, 1])
RNG = st.integers(0, 1000).map(lambda step: generator(0, step, "filter"))


def test_closed_form():
    advantages = np.array([-1.0, -0.1, 0.0, 0.1, 1.0])
    above = acceptance(advantages, 1, 10)
    assert above == pytest.approx([math.exp(-10), math.exp(-1), 1, 1, 1])
    assert acceptance(advantages, -1, 10) == pytest.approx(above[::-1])
    assert acceptance(advantages, 0, 10).tolist() == [1] * 5


def test_the_hard_filter():
    advantages = np.array([-1e-300, 0.0, -0.0, 1e-300])
    assert acceptance(advantages, 1, math.inf).tolist() == [0, 1, 1, 1]
    assert acceptance(advantages, -1, math.inf).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(("correct", "percent"), [(7, 2.9), (1, 2.9), (4, 0.0087)])
def test_gamma_ten_is_close_to_hard_for_groups_of_eight(correct, percent):
    rewards = np.array([1.0] * correct + [-1.0] * (8 - correct))
    advantages = (rewards - rewards.mean()) / (rewards.std(ddof=1) + 1e-6)
    # The likelier kind has the smaller advantage, hence the larger acceptance when it is of the wrong sign.
    m = -1 if correct > 4 else 1
    rejected = acceptance(advantages, m, 10)[m * advantages < 0]
    assert 100 * rejected[0] == pytest.approx(percent, rel=0.02)


@given(ADVANTAGES, DIRECTION, RNG)
def test_gamma_zero_keeps_all(advantages, m, rng):
    assert accept(advantages, m, 0, rng).all()


@given(ADVANTAGES, GAMMA, RNG)
def test_inside_the_band_all_are_kept(advantages, gamma, rng):
    assert accept(advantages, 0, gamma, rng).all()


@given(ADVANTAGES, DIRECTION, GAMMA, RNG)
def test_the_right_sign_and_zero_are_always_kept(advantages, m, gamma, rng):
    assert accept(advantages, m, gamma, rng)[m * advantages >= 0].all()


@given(ADVANTAGES, st.sampled_from([-1, 1]), RNG)
def test_gamma_infinite_rejects_exactly_the_wrong_sign(advantages, m, rng):
    assert np.array_equal(accept(advantages, m, math.inf, rng), m * advantages >= 0)


@given(ADVANTAGES, DIRECTION, st.floats(0, 50), st.floats(0, 50), st.integers(0, 99))
def test_with_the_same_draws_a_larger_gamma_keeps_a_subset(advantages, m, a, b, seed):
    loose, strict = (accept(advantages, m, g, generator(seed, 1, "filter")) for g in sorted((a, b)))
    assert not (strict & ~loose).any()


@given(ADVANTAGES, DIRECTION, GAMMA)
def test_one_number_is_drawn_a_row_whatever_happens(advantages, m, gamma):
    rng, reference = generator(3, 1, "filter"), generator(3, 1, "filter")
    accept(advantages, m, gamma, rng)
    reference.random(len(advantages))
    assert rng.random() == reference.random()


@pytest.mark.parametrize("gamma", [0.5, 2.0, 10.0])
@pytest.mark.parametrize("m", [-1, 1])
def test_acceptance_frequencies(gamma, m):
    """Chi-square of observed against expected counts over 12 advantages; bound: mean + 5 sd of chi2(df)."""
    levels, draws = -m * np.linspace(0.01, 0.3, 12), 20_000
    keep = accept(np.repeat(levels, draws), m, gamma, generator(7, 1, "filter"))
    kept = keep.reshape(12, draws).sum(axis=1)
    p = np.exp(gamma * m * levels)
    chi_square = np.sum((kept - draws * p) ** 2 / (draws * p * (1 - p)))
    assert chi_square < 12 + 5 * math.sqrt(24)


@pytest.mark.parametrize("probability", [0.001, 0.03, 0.5, 0.97])
def test_acceptance_frequency_over_steps(probability):
    """The draws of different steps are one sample too: binomial bound of 5 standard deviations."""
    steps, advantages = 5_000, np.array([math.log(probability) / 10])
    kept = sum(accept(advantages, 1, 10, generator(1, step, "filter"))[0] for step in range(1, steps + 1))
    deviation = math.sqrt(steps * probability * (1 - probability))
    assert abs(kept - steps * probability) < 5 * deviation


@pytest.mark.parametrize(
    ("advantages", "m", "gamma", "message"),
    [
        ([0.0], 1, -1, "gamma must be at least 0; got -1"),
        ([0.0], 1, math.nan, "gamma must be a number; got nan"),
        ([0.0], 1, "10", "gamma must be a number; got '10'"),
        ([0.0, math.nan], 1, 10, "advantages must be finite; got nan in row 1"),
        ([math.inf], 0, 10, "advantages must be finite; got inf in row 0"),
        ([[0.0]], 1, 10, r"shape \(N,\); got shape \(1, 1\)"),
        ([0.0], 2, 10, "m must be -1, 0 or .1; got 2"),
        ([0.0], math.nan, 10, "m must be"),
    ],
)
def test_refused(advantages, m, gamma, message):
    with pytest.raises(InputError, match=message):
        acceptance(np.array(advantages), m, gamma)
