import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.saturation import MEMORY, PATIENCE, Streak
from harness.errors import InputError, StateError

STEPS = st.lists(st.tuples(st.floats(0, 2), st.sampled_from([-1, 0, 1])), max_size=80)


def watched(entropies, m, streak=None):
    streak = streak or Streak()
    for entropy in entropies:
        streak = streak.extended(entropy, m)
    return streak


def test_a_stuck_entropy_saturates_at_the_tenth_step():
    assert not watched([0.08] * (PATIENCE - 1), -1).saturated
    assert watched([0.08] * PATIENCE, -1).saturated


@pytest.mark.parametrize(("m", "saturated"), [(1, False), (-1, True)])
def test_a_falling_entropy_is_authority_only_when_it_was_wanted(m, saturated):
    falling = [0.5 - 0.01 * t for t in range(20)]
    assert watched(falling, m).saturated is saturated
    assert watched(falling, m).movement == pytest.approx(m * 0.19)


def test_a_following_entropy_that_lags_is_not_saturated():
    assert not watched([0.5 - 0.0005 * t for t in range(800)], 1).saturated


def test_a_movement_long_ago_does_not_excuse_standing_still():
    moved = watched([0.5, 0.4, 0.3], 1)
    assert not watched([0.3] * 20, 1, moved).saturated
    assert watched([0.3] * MEMORY, 1, moved).saturated


def test_another_demand_begins_anew_and_no_demand_ends_it():
    streak = watched([0.3] * 12, 1)
    assert streak.extended(0.3, -1) == Streak(-1, 1, (0.3,))
    assert streak.extended(0.3, 0) == Streak()


@given(STEPS, STEPS)
def test_resumed_equals_uninterrupted(before, after):
    streak = Streak()
    for entropy, m in before:
        streak = streak.extended(entropy, m)
    restored = Streak.from_dict(json.loads(json.dumps(streak.to_dict())))
    for entropy, m in after:
        streak, restored = streak.extended(entropy, m), restored.extended(entropy, m)
    assert restored == streak
    assert len(streak.entropies) <= MEMORY


def test_refused():
    with pytest.raises(InputError, match="entropy"):
        Streak().extended(float("nan"), 1)
    with pytest.raises(InputError, match="direction"):
        Streak().extended(0.1, 2)
    with pytest.raises(StateError, match="m, length, entropies"):
        Streak.from_dict({"m": 1})
