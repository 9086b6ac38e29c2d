"""Tracking error, distance to the band and time in the band, by closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import band_distance, time_in_band, tracking_error

entropies = st.lists(st.floats(0, 3), min_size=21, max_size=60)


def test_counts_steps_21_to_the_last_only() -> None:
    entropy = np.concatenate([np.full(20, 9.0), np.full(10, 0.5)])
    assert tracking_error(entropy, 0.4) == pytest.approx(0.1)
    assert band_distance(entropy, 0.3, 0.45) == pytest.approx(0.05)
    assert time_in_band(entropy, 0.3, 0.6) == 1.0


def test_time_in_band_includes_both_ends() -> None:
    entropy = np.concatenate([np.zeros(20), [0.3, 0.4, 0.5, 0.6]])
    assert time_in_band(entropy, 0.3, 0.5) == 0.75


def test_a_run_that_ends_before_step_21_has_no_tracking_error() -> None:
    assert math.isnan(tracking_error(np.ones(20), 1.0))


def test_a_gap_is_not_averaged_away() -> None:
    entropy = np.ones(40)
    entropy[30] = np.nan
    assert math.isnan(tracking_error(entropy, 1.0))
    assert math.isnan(band_distance(entropy, 0.5, 1.5))
    assert math.isnan(time_in_band(entropy, 0.5, 1.5))


@given(entropies, st.floats(0, 2), st.floats(0, 1))
def test_the_distance_to_the_band_is_the_error_less_half_the_width(
    values: list[float], low: float, width: float
) -> None:
    high = low + width
    error, distance = tracking_error(values, (low + high) / 2), band_distance(values, low, high)
    assert distance <= error + 1e-12
    assert error <= distance + width / 2 + 1e-12
