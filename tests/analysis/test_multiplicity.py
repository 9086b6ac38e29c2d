"""Holm's correction: by hand, and by its laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import holm
from harness.errors import InputError


def test_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_what_was_not_compared_is_not_counted() -> None:
    np.testing.assert_allclose(holm([np.nan, 0.02, 0.5]), [np.nan, 0.04, 0.5])
    assert np.isnan(holm([np.nan])).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_keeps_the_order_and_lies_between_raw_and_bonferroni(p: list[float]) -> None:
    raw, adjusted = np.array(p), holm(p)
    assert np.all(adjusted >= raw) and np.all(adjusted <= np.minimum(1, len(p) * raw) + 1e-15)
    assert np.all(np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0)


def test_refuses_what_is_no_probability() -> None:
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        holm([0.2, 1.2])
