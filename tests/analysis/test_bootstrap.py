"""Intervals: known variances, what is resampled, determinism, refusals."""

import numpy as np
import pytest

from analysis import crossed_intervals, paired_interval, seed_interval
from analysis.bootstrap import resample_counts
from harness.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_resample_is_as_large_as_the_sample_and_draws_every_thing_equally_often() -> None:
    counts = resample_counts(7, 20_000, rng())
    assert np.all(counts.sum(axis=1) == 7)
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.03)


def test_one_seed_gives_the_interval_of_the_problems() -> None:
    outcomes = rng(1).random((1, 1, 400))
    (interval,) = crossed_intervals(outcomes, rng())
    half = 1.96 * outcomes.std() / 20
    assert (interval.low, interval.high) == pytest.approx((interval.value - half, interval.value + half), abs=0.004)
    assert interval.label == "95 % bootstrap over 400 problems; one seed: its noise is not included"


def test_seeds_that_differ_widen_the_interval() -> None:
    problems = rng(1).random(200)
    alike = np.stack([problems] * 5)[None]
    apart = alike + np.linspace(-0.2, 0.2, 5)[None, :, None]
    (narrow,), (wide,) = crossed_intervals(alike, rng()), crossed_intervals(apart, rng())
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert wide.label == "95 % bootstrap over 5 seeds x 200 problems"


def test_equal_outcomes_have_an_interval_of_no_length() -> None:
    (interval,) = crossed_intervals(np.full((1, 3, 10), 0.25), rng())
    assert (interval.low, interval.value, interval.high) == (0.25, 0.25, 0.25)


def test_pairing_removes_the_spread_between_problems() -> None:
    easy = rng(2).random(300)
    baseline, better = np.stack([easy] * 3), np.stack([easy + 0.02] * 3)
    interval = paired_interval(better, baseline, rng())
    assert (interval.low, interval.high) == pytest.approx((0.02, 0.02))
    assert interval.sign == 1
    assert paired_interval(baseline, better, rng()).sign == -1
    assert paired_interval(baseline, baseline, rng()).sign == 0


def test_the_same_generator_gives_the_same_interval() -> None:
    outcomes = rng(3).random((2, 3, 50))
    assert crossed_intervals(outcomes, rng(9)) == crossed_intervals(outcomes, rng(9))


def test_the_interval_of_the_mean_covers_at_its_level() -> None:
    """500 problems and one seed: 95 % of intervals hold the truth, up to the noise of 200 simulations."""
    draw, hits = rng(5), 0
    for _ in range(200):
        (interval,) = crossed_intervals(draw.random((1, 1, 200)), draw, resamples=400)
        hits += interval.low <= 0.5 <= interval.high
    assert 0.90 <= hits / 200 <= 0.99


def test_seed_interval_of_one_seed_has_no_bounds() -> None:
    interval = seed_interval([0.3], rng())
    assert interval.value == 0.3
    assert np.isnan(interval.low) and np.isnan(interval.high)
    assert interval.sign == 0
    assert interval.label == "one seed, no interval"


def test_seed_interval_lies_within_the_seeds() -> None:
    interval = seed_interval([0.25, 0.5, 1.0], rng())
    assert 0.25 <= interval.low <= interval.value <= interval.high <= 1.0


@pytest.mark.parametrize("outcomes", [np.ones((3, 4)), np.ones((1, 0, 4)), np.full((1, 2, 2), np.nan)])
def test_refuses_what_is_no_table(outcomes: np.ndarray) -> None:
    with pytest.raises(InputError):
        crossed_intervals(outcomes, rng())


def test_refuses_a_difference_over_other_problems() -> None:
    with pytest.raises(InputError, match="4 and 5 problems"):
        paired_interval(np.ones((2, 4)), np.ones((2, 5)), rng())


def test_refuses_a_missing_seed_value() -> None:
    with pytest.raises(InputError, match="none NaN"):
        seed_interval([0.1, float("nan")], rng())
