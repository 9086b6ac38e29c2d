import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.band import Band
from harness.errors import InputError

ENTROPY = st.floats(0, 12)


@pytest.mark.parametrize(
    ("entropy", "m", "distance"), [(0.39, -1, 0.01), (0.4, 0, 0), (0.5, 0, 0), (0.6, 0, 0), (0.65, 1, 0.05)]
)
def test_direction_and_distance(entropy, m, distance):
    band = Band(0.4, 0.6)
    assert band.direction(entropy) == m
    assert band.distance(entropy) == pytest.approx(distance)


def test_a_fixed_target_is_a_band_of_width_zero():
    band = Band(0.3, 0.3)
    assert (band.middle, band.width) == (0.3, 0.0)
    assert [band.direction(h) for h in (0.2999999, 0.3, 0.3000001)] == [-1, 0, 1]


@pytest.mark.parametrize("ends", [(0.6, 0.4), (math.nan, 1), (0, math.nan), (0, math.inf), ("0", 1)])
def test_refused(ends):
    with pytest.raises(InputError):
        Band(*ends)


def test_an_inverted_band_names_both_values():
    with pytest.raises(InputError, match=r"low 0\.6, high 0\.4 nats per token\. Exchange them"):
        Band(0.6, 0.4)


def test_an_entropy_that_is_nan_is_refused():
    with pytest.raises(InputError, match="entropy must be a number; got nan"):
        Band(0, 1).direction(math.nan)


@given(ENTROPY, ENTROPY, ENTROPY)
def test_distance_is_zero_exactly_where_there_is_no_direction(a, b, entropy):
    band = Band(min(a, b), max(a, b))
    assert (band.distance(entropy) == 0) == (band.direction(entropy) == 0)
    assert band.distance(entropy) <= abs(entropy - band.middle) + 1e-12
