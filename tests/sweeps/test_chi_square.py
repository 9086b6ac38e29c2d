"""Quantiles of chi-square against closed forms and a published table."""

import math

import pytest

from harness.errors import InputError
from sweeps.ranking.chi_square import cumulated, quantile


@pytest.mark.parametrize("p", [1e-6, 0.025, 0.5, 0.975, 1 - 1e-6])
def test_two_degrees_of_freedom_are_an_exponential_and_one_is_a_square(p):
    assert quantile(p, 2) == pytest.approx(-2 * math.log1p(-p), rel=1e-8)
    assert math.erf(math.sqrt(quantile(p, 1) / 2)) == pytest.approx(p, rel=1e-8)


# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4
@pytest.mark.parametrize("p, df, expected", [(0.975, 10, 20.483), (0.025, 10, 3.247), (0.95, 100, 124.342)])
def test_the_published_table(p, df, expected):
    assert quantile(p, df) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("df", [1, 7, 300, 5000])
def test_a_quantile_is_the_inverse(df):
    for p in (0.001, 0.025, 0.5, 0.975, 0.999):
        assert cumulated(quantile(p, df), df) == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize("p, df", [(0.0, 1), (1.0, 1), (0.5, 0)])
def test_what_has_no_quantile_is_refused(p, df):
    with pytest.raises(InputError, match="0 < p < 1 and df >= 1"):
        quantile(p, df)
