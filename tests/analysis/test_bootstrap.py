"""Intervals: known variances, what is resampled, determinism, refusals."""

import numpy as np
import pytest

from analysis import bootstrap, crossed_intervals, paired_interval, seed_interval
from analysis.bootstrap import resample_counts
from analysis.variance import Problems
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
    assert interval.label == "95 % t interval over 400 problems (sampled); one seed: its noise is not included"


def test_seeds_that_differ_widen_the_interval() -> None:
    problems = rng(1).random(200)
    alike = np.stack([problems] * 5)[None]
    apart = alike + np.linspace(-0.2, 0.2, 5)[None, :, None]
    (narrow,), (wide,) = crossed_intervals(alike, rng()), crossed_intervals(apart, rng())
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert wide.label == "95 % t interval over 5 seeds x 200 problems (sampled)"


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
    first, second = (crossed_intervals(outcomes, rng(9), kind="bootstrap") for _ in range(2))
    assert first == second
    assert first != crossed_intervals(outcomes, rng(8), kind="bootstrap")


def test_the_interval_of_the_mean_covers_at_its_level() -> None:
    """500 problems and one seed: 95 % of intervals hold the truth, up to the noise of 200 simulations."""
    draw, hits = rng(5), 0
    for _ in range(200):
        (interval,) = crossed_intervals(draw.random((1, 1, 200)), draw, resamples=400, kind="bootstrap")
        hits += interval.low <= 0.5 <= interval.high
    assert 0.90 <= hits / 200 <= 0.99


def test_seed_interval_of_one_seed_has_no_bounds() -> None:
    interval = seed_interval([0.3], rng())
    assert interval.value == 0.3
    assert np.isnan(interval.low) and np.isnan(interval.high)
    assert interval.sign == 0
    assert interval.label == "one seed, no interval"


def test_the_bootstrap_over_seeds_lies_within_them() -> None:
    interval = seed_interval([0.25, 0.5, 1.0], rng(), kind="bootstrap")
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


def test_memory_does_not_change_what_is_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of three resamples as well, the draws have the mean and the variance of the closed form."""
    table = rng(4).random((2, 3, 20))
    monkeypatch.setattr(bootstrap, "CELLS", 60)
    draws = bootstrap.mean_draws(table, rng(1), 6_000)
    assert draws.shape == (6_000, 2)
    np.testing.assert_allclose(draws.mean(axis=0), table.mean(axis=(1, 2)), atol=0.005)
    np.testing.assert_allclose(draws.var(axis=0), bootstrap.conditional_variance(table), rtol=0.1)


@pytest.mark.parametrize("problems", ["sampled", "fixed"])
@pytest.mark.parametrize(("seeds", "width"), [(2, 3), (3, 30), (5, 200)])
def test_resampling_has_the_variance_of_its_closed_form(seeds: int, width: int, problems: Problems) -> None:
    """20,000 resamples estimate a variance to 1 % (standard error); 5 % are allowed."""
    draw = rng(seeds)
    table = draw.normal(0, 0.3, (seeds, 1)) + draw.normal(0, 1, (1, width)) + draw.normal(0, 0.5, (seeds, width))
    draws = bootstrap.mean_draws(table[None], draw, 20_000, problems)
    np.testing.assert_allclose(draws.var(axis=0), bootstrap.conditional_variance(table[None], problems), rtol=0.05)


def test_fixed_problems_are_not_resampled() -> None:
    alike = np.stack([rng(1).random(50)] * 4)[None]
    (sampled,) = crossed_intervals(alike, rng(), kind="bootstrap")
    (fixed,) = crossed_intervals(alike, rng(), kind="bootstrap", problems="fixed")
    assert sampled.high - sampled.low > 0.1
    assert fixed.high - fixed.low == pytest.approx(0, abs=1e-12)


def test_a_bootstrap_without_a_generator_is_refused() -> None:
    with pytest.raises(InputError, match="draws from a generator"):
        crossed_intervals(np.ones((1, 2, 3)), kind="bootstrap")
