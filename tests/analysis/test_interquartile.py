"""The interquartile mean: its definition for few seeds, and its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import crossed_intervals, interquartile_interval, interquartile_mean
from analysis.interquartile import weights
from harness.errors import InputError


def test_few_seeds_share_the_unit_interval() -> None:
    np.testing.assert_allclose(weights(1), [1])
    np.testing.assert_allclose(weights(2), [1 / 2, 1 / 2])
    np.testing.assert_allclose(weights(3), [1 / 6, 2 / 3, 1 / 6])
    np.testing.assert_allclose(weights(5), [0, 0.3, 0.4, 0.3, 0])


def test_by_fours_it_is_the_mean_of_the_middle_half() -> None:
    assert interquartile_mean([9, 1, 2, 3, 4, -50, 5, 900]) == pytest.approx(np.mean([2, 3, 4, 5]))


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_lies_between_the_quartiles_and_ignores_the_order(values: list[float]) -> None:
    found = interquartile_mean(values)
    assert min(values) - 1e-12 <= found <= max(values) + 1e-12
    assert found == pytest.approx(interquartile_mean(values[::-1]), abs=1e-12)


def test_for_two_seeds_the_interval_is_that_of_the_mean() -> None:
    table = np.random.default_rng(0).random((2, 40))
    found, (mean,) = interquartile_interval(table), crossed_intervals(table[None])
    assert (found.value, found.low, found.high) == pytest.approx((mean.value, mean.low, mean.high))


def test_one_run_that_went_astray_moves_it_little() -> None:
    table = np.random.default_rng(0).random((8, 40))
    astray = table.copy()
    astray[3] -= 5
    found = interquartile_interval(table), interquartile_interval(astray)
    assert abs(found[1].value - found[0].value) < 0.05
    assert found[1].high - found[1].low < 3 * (found[0].high - found[0].low)


def test_refuses_a_seed_without_a_value() -> None:
    with pytest.raises(InputError, match="none NaN"):
        interquartile_mean([0.1, np.nan])
