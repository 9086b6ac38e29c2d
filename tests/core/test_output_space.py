"""The baselines against real softmaxes: closed forms, finite differences, and laws over random distributions."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.core.output_space import VALUES_AT_ONCE, VERSIONS, positions_at_once, token_baselines
from harness.errors import InputError

VOCABULARY = st.integers(2, 12)
LOGITS = VOCABULARY.flatmap(lambda v: arrays.arrays(np.float64, v, elements=st.floats(-6, 6)))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def entropy(p):
    return -np.sum(p * np.log(p))


def of_all_tokens(z):
    """The baselines of each token of one distribution."""
    return token_baselines(np.tile(z, (len(z), 1)), np.arange(len(z)))


def directions(p, k):
    """dp of each version, written down from their definitions."""
    one = np.eye(len(p))[k]
    return {
        "authors": np.where(one == 1, 1e-2, -1e-6),
        "conserving": np.where(one == 1, 1.0, -1.0 / (len(p) - 1)),
        "logit": p[k] * (one - p),
        "gradient": p * (one - p - p[k] + np.sum(p**2)),
    }


@given(LOGITS)
def test_each_baseline_is_that_of_its_direction(z):
    p, found = softmax(z), of_all_tokens(z)
    np.testing.assert_allclose(found.log_prob, np.log(p), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.entropy, entropy(p), rtol=1e-9)
    for k in range(len(p)):
        others = np.arange(len(p)) != k
        for version, dp in directions(p, k).items():
            expected = -np.sum(dp[others] / dp[k] * np.log(p[others]))
            assert found.baselines[version][k] == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(LOGITS)
def test_the_mass_is_conserved_by_all_but_the_authors(z):
    p = softmax(z)
    for k in range(len(p)):
        sums = {version: dp.sum() for version, dp in directions(p, k).items()}
        assert sums.pop("authors") == pytest.approx(1e-2 - 1e-6 * (len(p) - 1))
        assert all(abs(total) < 1e-12 for total in sums.values())


def test_the_authors_constants_lose_fifteen_times_the_mass():
    found = token_baselines(np.random.default_rng(0).normal(size=(1, 151_936)), np.array([5]))
    assert found.authors[0] / found.conserving[0] == pytest.approx(1e-4 * 151_935)


@given(LOGITS)
def test_the_margin_when_one_logit_moves(z):
    p, found = softmax(z), of_all_tokens(z)
    np.testing.assert_allclose(found.log_prob - found.logit, (np.log(p) + entropy(p)) / (1 - p), rtol=1e-6, atol=1e-9)


@given(LOGITS)
def test_the_changes_are_those_of_finite_steps_of_the_logits(z):
    p, found, step = softmax(z), of_all_tokens(z), 1e-5
    for k in range(len(p)):
        one = np.eye(len(p))[k]
        for change, direction in ((found.change_logit, one), (found.change_gradient, one - p)):
            there, back = (entropy(softmax(z + sign * step * direction)) for sign in (1, -1))
            assert change[k] == pytest.approx((there - back) / (2 * step), rel=1e-4, abs=1e-7)


@given(LOGITS)
def test_on_policy_means_are_zero(z):
    p, found = softmax(z), of_all_tokens(z)
    assert np.sum(p * (found.log_prob + found.entropy)) == pytest.approx(0, abs=1e-10)
    assert np.sum(p * found.change_gradient) == pytest.approx(0, abs=1e-10)
    # that of a single logit is not zero: -E[p (log p + H)]
    assert np.sum(p * found.change_logit) == pytest.approx(-np.sum(p**2 * (np.log(p) + entropy(p))), abs=1e-10)


@given(LOGITS, st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_nothing(z, constant):
    one, other = of_all_tokens(z), of_all_tokens(z + constant)
    for version in VERSIONS:
        np.testing.assert_allclose(other.baselines[version], one.baselines[version], rtol=1e-6, atol=1e-6)


@given(LOGITS)
def test_a_likely_token_is_above_its_baseline_where_mass_is_conserved(z):
    """Above one half, Theorem 1's condition holds whatever the others are."""
    found = of_all_tokens(z)
    likely = found.log_prob > np.log(0.5)
    for version in ("logit", "gradient", "conserving"):
        assert (found.log_prob > found.baselines[version])[likely].all()


def test_a_uniform_distribution_is_on_its_baseline():
    found = token_baselines(np.zeros((1, 5)), np.array([2]))
    for version in ("conserving", "logit", "gradient"):
        assert found.baselines[version][0] == pytest.approx(np.log(1 / 5))
    assert found.change_logit[0] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("gap", [50.0, 600.0])
def test_a_probability_that_rounds_to_one_has_its_margin(gap):
    found = token_baselines(np.array([[gap, 0.0, 0.0]]), np.array([0]))
    assert found.log_prob[0] - found.logit[0] == pytest.approx(gap - np.log(2) + np.log(2))  # log odds + H(1/2, 1/2)
    assert found.gradient[0] == pytest.approx(-gap)  # both others have log p = -gap
    assert found.change_logit[0] <= 0 and np.isfinite(found.change_gradient[0])


def test_a_temperature_divides_the_logits():
    z, tokens = np.random.default_rng(1).normal(size=(4, 9)), np.array([0, 3, 8, 3])
    one, other = token_baselines(z, tokens, 0.6), token_baselines(z / 0.6, tokens)
    for version in VERSIONS:
        np.testing.assert_allclose(one.baselines[version], other.baselines[version], rtol=1e-12)


def test_blocks_are_the_whole_and_memory_is_bounded():
    vocabulary, rng = 151_936, np.random.default_rng(2)
    rows = 2 * positions_at_once(vocabulary) + 1
    z, tokens = rng.normal(size=(rows, vocabulary)).astype(np.float32), rng.integers(vocabulary, size=rows)
    tracemalloc.start()
    whole = token_baselines(z, tokens, 0.6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 8 * VALUES_AT_ONCE
    last = token_baselines(z[-1:], tokens[-1:], 0.6)
    assert all(whole.baselines[version][-1] == last.baselines[version][0] for version in VERSIONS)


@pytest.mark.parametrize(
    ("logits", "tokens", "temperature", "rule"),
    [
        (np.array([[0.0, np.nan]]), [0], 1.0, "finite"),
        (np.array([[0.0, -np.inf]]), [0], 1.0, "finite"),
        (np.array([[0.0, 1.0]]), [2], 1.0, "vocabulary"),
        (np.array([[0.0, 1.0]]), [-1], 1.0, "vocabulary"),
        (np.array([[0.0]]), [0], 1.0, "shape"),
        (np.array([[0.0, 1.0]]), [0, 1], 1.0, "shape"),
        (np.zeros((0, 3)), [], 1.0, "shape"),
        (np.array([[0.0, 1.0]]), [0], 0.0, "above 0"),
        (np.array([[0.0, 1.0]]), [0], float("nan"), "temperature"),
        (np.array([[0.0, 1000.0]]), [0], 1.0, "1e-299"),
    ],
)
def test_what_has_no_baseline_is_refused(logits, tokens, temperature, rule):
    with pytest.raises(InputError, match=rule):
        token_baselines(logits, np.array(tokens, dtype=np.int64), temperature)


@given(LOGITS)
def test_whatever_is_likelier_than_chance_is_above_the_conserving_baseline(z):
    """Jensen: the mean log-probability of the others is at most the log of their mean probability."""
    p, found = softmax(z), of_all_tokens(z)
    bound = np.log((1 - p) / (len(p) - 1))
    assert (found.conserving <= bound + 1e-9).all()
    above_chance = p > 1 / len(p) * (1 + 1e-9)
    assert (found.log_prob > found.conserving)[above_chance].all()


def test_with_the_authors_constants_no_token_that_can_be_sampled_is_below():
    """In their vocabulary: 15.2 nats for each nat of the bound above, which is lowest for uniform others."""
    vocabulary = 151_936
    flat = token_baselines(np.zeros((1, vocabulary)), np.array([0]))
    assert -182 < flat.authors[0] < -181
