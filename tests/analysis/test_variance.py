"""The variance of a crossed design: closed forms, unbiasedness on synthetic data, refusals."""

import numpy as np
import pytest

from analysis import bootstrap, crossed_intervals, paired_interval
from analysis.variance import of_difference, of_mean, satterthwaite
from harness.errors import ConfigError, InputError

A, B, E = 0.04, 0.25, 0.09
"""Variances between seeds, between problems, and within."""


def draw(rng: np.random.Generator, many: int, seeds: int, problems: int) -> np.ndarray:
    of_seeds = rng.normal(0, np.sqrt(A), (many, seeds, 1))
    of_problems = rng.normal(0, np.sqrt(B), (many, 1, problems))
    return of_seeds + of_problems + rng.normal(0, np.sqrt(E), (many, seeds, problems))


@pytest.mark.parametrize(("seeds", "problems"), [(3, 30), (5, 12)])
def test_the_parts_are_unbiased_and_the_means_vary_by_their_sum(seeds: int, problems: int) -> None:
    """4,000 designs: the standard error of each mean is below 2 % of it; 6 % are allowed."""
    tables = draw(np.random.default_rng(1), 4_000, seeds, problems)
    spread = of_mean(tables)
    both = E / (seeds * problems)
    assert spread.seeds.mean() == pytest.approx(A / seeds + both, rel=0.06)
    assert spread.problems.mean() == pytest.approx(B / problems + both, rel=0.06)
    assert spread.within.mean() == pytest.approx(both, rel=0.06)
    truth = A / seeds + B / problems + both
    assert (spread.seeds + spread.problems - spread.within).mean() == pytest.approx(truth, rel=0.06)
    assert tables.mean(axis=(1, 2)).var() == pytest.approx(truth, rel=0.1)


def test_the_bootstrap_is_off_by_what_its_closed_form_says() -> None:
    """Its expected variance has (S-1)/S of the seeds' part, and E three times: Owen 2007, in these terms."""
    seeds, problems = 3, 30
    found = bootstrap.conditional_variance(draw(np.random.default_rng(2), 4_000, seeds, problems))
    s, p = (seeds - 1) / seeds, (problems - 1) / problems
    both = E / (seeds * problems)
    expected = s * (A / seeds + both) + p * (B / problems + both) + s * p * both
    assert found.mean() == pytest.approx(expected, rel=0.06)


def test_fixed_problems_leave_the_t_test_over_the_seeds_means() -> None:
    table = draw(np.random.default_rng(3), 1, 4, 20)
    (found,) = crossed_intervals(table, problems="fixed")
    means = table[0].mean(axis=1)
    assert found.standard_error == pytest.approx(means.std(ddof=1) / 2)
    assert found.df == pytest.approx(3)
    assert found.high - found.value == pytest.approx(3.182446 * found.standard_error, rel=1e-5)
    assert found.label == "95 % t interval over 4 seeds x 20 problems (fixed)"


def test_unpaired_seeds_have_the_variance_of_both_sides_and_welch_degrees_of_freedom() -> None:
    rng = np.random.default_rng(4)
    left, right = draw(rng, 1, 3, 25)[0], 2 * draw(rng, 1, 5, 25)[0]
    found = paired_interval(left, right, problems="fixed")
    parts = np.array([left.mean(axis=1).var(ddof=1) / 3, right.mean(axis=1).var(ddof=1) / 5])
    assert found.standard_error == pytest.approx(np.sqrt(parts.sum()))
    assert found.df == pytest.approx(parts.sum() ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 4))
    assert found.seeds == 3


def test_pairing_on_seeds_removes_what_they_share() -> None:
    rng = np.random.default_rng(5)
    common = draw(rng, 1, 5, 40)[0]
    left, right = common + rng.normal(0.1, 0.02, common.shape), common
    paired, unpaired = (paired_interval(left, right, same_seeds=same) for same in (True, False))
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.standard_error < unpaired.standard_error / 5
    with pytest.raises(InputError, match="4 and 5 seeds"):
        paired_interval(left[:4], right, same_seeds=True)


def test_a_negative_component_counts_as_zero() -> None:
    """Seeds that agree more than their noise allows: the variance is that of the problems, not less."""
    table = np.array([[[0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 3.0, 2.0]]])
    spread = of_mean(table)
    assert spread.seeds[0] == 0 < spread.within[0]
    variance, df = spread.variance("sampled")
    assert (variance[0], df[0]) == (spread.problems[0], 3)


def test_one_seed_and_fixed_problems_give_no_interval() -> None:
    (found,) = crossed_intervals(np.arange(6.0).reshape(1, 1, 6), problems="fixed")
    assert np.isnan(found.low) and np.isnan(found.p)
    assert found.label == "one seed and fixed problems, no interval"
    assert not of_difference(np.ones((1, 1, 6)), np.ones((1, 3, 6))).seeds_known


def test_satterthwaite_of_one_part_is_its_own() -> None:
    assert satterthwaite(np.array([2.0, 0.0]), np.array([7.0, 0.0])) == pytest.approx(7)


def test_other_ways_to_take_the_problems_are_refused() -> None:
    with pytest.raises(ConfigError, match="Valid: fixed, sampled"):
        crossed_intervals(np.ones((1, 2, 3)), problems="random")  # type: ignore[arg-type]
