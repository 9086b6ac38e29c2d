import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.core.filter import scalar_advantages
from harness.core.ragged import Ragged
from harness.errors import InputError


@given(arrays(np.float32, 5, elements=st.floats(-3, 3, width=32)), arrays(np.bool_, (5, 4)))
def test_it_undoes_the_broadcast_over_tokens(advantages, mask):
    expected = np.where(mask.any(axis=1), advantages, 0)
    assert np.array_equal(scalar_advantages(Ragged.of(advantages[:, None] * mask, mask)), expected)


def test_what_is_outside_the_mask_does_not_matter():
    values = np.array([[0.5, 0.5, 9.0], [np.nan, -1.0, -1.0]])
    assert scalar_advantages(Ragged.of(values, np.array([[1, 1, 0], [0, 1, 1]]))).tolist() == [0.5, -1.0]


def test_no_rows_and_no_columns():
    assert scalar_advantages(Ragged.of(np.zeros((0, 3)), np.zeros((0, 3), bool))).shape == (0,)
    assert scalar_advantages(Ragged.of(np.zeros((2, 0)), np.zeros((2, 0), bool))).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 1.0], [0.5, 0.25]], r"got 0\.25 to 0\.5 in row 1 \(1 such rows\)"),
        ([[1.0, 1.0], [1.0, 1.0 + 1e-12]], "same on all its tokens"),
        ([[1.0, np.nan], [0.0, 0.0]], "finite"),
        ([1.0, 1.0], r"one shape \(N, T\)"),
    ],
)
def test_refused(values, message):
    with pytest.raises(InputError, match=message):
        scalar_advantages(Ragged.of(np.array(values), np.ones((2, 2), bool)))
