import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.progress import CONVENTIONS, progress
from harness.errors import InputError


def test_paper_meets_both_ends():
    assert [progress(t, 5, "paper") for t in range(1, 6)] == [0, 0.25, 0.5, 0.75, 1]


def test_released_never_shows_the_start():
    assert [progress(t, 4, "released") for t in range(1, 5)] == [0.25, 0.5, 0.75, 1]


def test_a_horizon_of_one_step():
    assert (progress(1, 1, "paper"), progress(1, 1, "released")) == (0.0, 1.0)


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(horizon=st.integers(2, 10_000), data=st.data())
def test_it_rises_by_equal_parts_to_exactly_one(convention, horizon, data):
    step = data.draw(st.integers(1, horizon - 1))
    rise = progress(step + 1, horizon, convention) - progress(step, horizon, convention)
    assert rise == pytest.approx(1 / (horizon - (convention == "paper")), rel=1e-6)
    assert progress(horizon, horizon, convention) == 1.0


@pytest.mark.parametrize(
    ("step", "horizon", "convention", "message"),
    [
        (6, 5, "paper", "step 6, horizon 5.*frozen"),
        (0, 5, "paper", "step must be a whole number of at least 1; got 0"),
        (1, 0, "paper", "horizon, in steps, must be a whole number of at least 1; got 0"),
        (1, 5.0, "paper", "got 5.0"),
        (True, 5, "paper", "got True"),
        (1, 5, "Paper", "one of paper, released; got 'Paper'"),
    ],
)
def test_refused(step, horizon, convention, message):
    with pytest.raises(InputError, match=message):
        progress(step, horizon, convention)
