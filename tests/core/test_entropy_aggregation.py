import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.core.entropy import AGGREGATIONS, aggregate
from harness.core.ragged import Ragged
from harness.errors import InputError

H = np.array([[1.0, 2.0, 3.0], [5.0, 9.0, 9.0], [9.0, 9.0, 9.0]])
MASK = np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(("aggregation", "value"), [("token-mean", 11 / 4), ("seq-mean-token-mean", 3.5)])
def test_closed_form(aggregation, value):
    assert aggregate(Ragged.of(H, MASK), aggregation) == value


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 10)))
def test_equal_lengths_make_the_aggregations_equal(values):
    token, sequence = (aggregate(Ragged.of(values, np.ones((4, 3), bool)), name) for name in AGGREGATIONS)
    assert token == pytest.approx(sequence)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@given(mask=arrays(np.bool_, (4, 3)), values=arrays(np.float64, (4, 3), elements=st.floats(0, 10)))
def test_a_mean_lies_between_the_extremes_of_what_is_under_the_mask(aggregation, mask, values):
    if mask.any():
        hidden = np.where(mask, values, np.nan)
        entropy = aggregate(Ragged.of(hidden, mask), aggregation)
        assert values[mask].min() - 1e-9 <= entropy <= values[mask].max() + 1e-9


@pytest.mark.parametrize(
    ("values", "mask", "aggregation", "message"),
    [
        (H, MASK, "mean", "one of token-mean, seq-mean-token-mean; got 'mean'"),
        (H, MASK * 0, "token-mean", "must have response tokens"),
        (H * np.nan, MASK, "token-mean", "must be finite"),
        (H, MASK[:2], "token-mean", "one shape"),
    ],
)
def test_refused(values, mask, aggregation, message):
    with pytest.raises(InputError, match=message):
        aggregate(Ragged.of(values, mask), aggregation)
