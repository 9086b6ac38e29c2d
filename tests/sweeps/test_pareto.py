"""The Pareto front, by hand and by law."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.objective import DIRECTIONS
from harness.errors import ConfigError, InputError
from sweeps.ranking.pareto import front

LAW = settings(deadline=None, max_examples=60)


@st.composite
def problems(draw):
    directions = draw(st.lists(st.sampled_from(DIRECTIONS), min_size=1, max_size=3))
    number = st.sampled_from([-1.0, -0.0, 0.0, 1.0, 2.0, math.inf]) | st.floats(allow_nan=False)
    return draw(st.lists(st.tuples(*[number] * len(directions)), max_size=12)), directions


def dominates(one, other, directions):
    better = [a > b if way == "maximize" else a < b for a, b, way in zip(one, other, directions, strict=True)]
    worse = [a < b if way == "maximize" else a > b for a, b, way in zip(one, other, directions, strict=True)]
    return any(better) and not any(worse)


def test_accuracy_against_hours_by_hand():
    points = [(0.5, 10.0), (0.6, 20.0), (0.4, 10.0), (0.6, 15.0), (0.5, 10.0), (0.1, 1.0)]
    assert front(points, ("maximize", "minimize")) == [0, 3, 4, 5]
    assert front([], ("maximize",)) == []


@LAW
@given(problems())
def test_no_member_is_dominated_and_every_other_point_is_by_a_member(problem):
    points, directions = problem
    members = front(points, directions)
    assert members == sorted(set(members))
    for index, point in enumerate(points):
        by = [member for member in members if dominates(points[member], point, directions)]
        assert bool(by) == (index not in members)


@LAW
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(problem, random):
    points, directions = problem
    shuffled = random.sample(points, len(points))
    chosen = [sorted(each[index] for index in front(each, directions)) for each in (points, shuffled)]
    assert chosen[0] == chosen[1]


def test_what_is_no_point_is_refused():
    with pytest.raises(InputError, match="each of 2 objectives"):
        front([(1.0,)], ("maximize", "minimize"))
    with pytest.raises(InputError, match="each of 1 objectives"):
        front([(math.nan,)], ("maximize",))
    with pytest.raises(ConfigError, match="Did you mean 'maximize'"):
        front([(1.0,)], ("maximise",))
