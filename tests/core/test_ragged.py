import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.core.ragged import Ragged
from harness.errors import InputError


@given(arrays(np.float64, (5, 4), elements=st.floats(-9, 9)), arrays(np.bool_, (5, 4)))
def test_each_row_is_reduced_by_itself(values, mask):
    ragged = Ragged.of(values, mask)
    low, high = ragged.extremes()
    for row in range(5):
        own = values[row][mask[row]]
        assert ragged.lengths[row] == own.size
        assert ragged.sums()[row] == pytest.approx(own.sum())
        assert (low[row], high[row]) == ((own.min(), own.max()) if own.size else (0, 0))


def test_float32_tokens_are_summed_in_float64():
    assert Ragged(np.array([1.0, 1e-8, 1e-8], np.float32), np.array([3])).sums()[0] == pytest.approx(
        1 + 2e-8, abs=1e-12
    )


@pytest.mark.parametrize(
    ("values", "lengths", "message"),
    [
        (np.zeros(3), [1, 1], "lengths with sum 2"),
        (np.zeros(2), [3, -1], "must have the lengths"),
        (np.zeros((2, 2)), [2, 2], r"shape \(2, 2\)"),
        (np.zeros(2), [0.5, 1.5], "lengths must be integers"),
    ],
)
def test_refused(values, lengths, message):
    with pytest.raises(InputError, match=message):
        Ragged(values, np.array(lengths))
