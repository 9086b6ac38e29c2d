"""Student's t against the closed forms of 1 and 2 degrees of freedom and against printed tables."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import student
from harness.errors import InputError


@given(st.floats(0, 500))
def test_one_and_two_degrees_of_freedom_have_closed_forms(t: float) -> None:
    cauchy = 1 - 2 / math.pi * math.atan(t)
    assert float(student.two_sided(t, 1)) == pytest.approx(cauchy, abs=1e-9)
    assert float(student.two_sided(-t, 2)) == pytest.approx(1 - t / math.sqrt(2 + t * t), abs=1e-9)


def test_quantiles_are_those_of_the_printed_tables() -> None:
    """Abramowitz and Stegun 1964, table 26.10, to its three decimals."""
    found = student.quantile(0.975, [1, 2, 3, 4, 5, 10, 30, 120])
    np.testing.assert_allclose(found, [12.706, 4.303, 3.182, 2.776, 2.571, 2.228, 2.042, 1.980], atol=6e-4)


def test_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    assert float(student.quantile(0.975, 1e9)) == pytest.approx(NormalDist().inv_cdf(0.975), abs=3e-5)


@given(st.floats(0.5, 0.999), st.floats(0.7, 3000))
def test_the_tail_undoes_the_quantile(probability: float, df: float) -> None:
    t = student.quantile(probability, df)
    assert float(student.two_sided(t, df)) == pytest.approx(2 * (1 - probability), abs=1e-8)


def test_nan_stays_nan_and_what_is_no_distribution_is_refused() -> None:
    assert np.isnan(student.quantile(0.975, [float("nan"), 3.0])).tolist() == [True, False]
    with pytest.raises(InputError, match="above 0"):
        student.two_sided(1.0, 0)
    with pytest.raises(InputError, match=r"from \.5"):
        student.quantile(0.3, 4)
