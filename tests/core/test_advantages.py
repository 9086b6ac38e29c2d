import math
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.advantages import group_normalised
from harness.errors import InputError

BATCH = st.lists(st.tuples(st.floats(-2, 2).map(lambda r: round(r, 3)), st.integers(0, 4)), max_size=40)


def split(batch):
    return np.array([r for r, _ in batch], dtype=np.float64), np.array([g for _, g in batch], dtype=np.int64)


def loop(rewards, groups, eps, by_std):
    """verl's compute_grpo_outcome_advantage, row by row."""
    out = []
    for reward, group in zip(rewards, groups, strict=True):
        siblings = [r for r, g in zip(rewards, groups, strict=True) if g == group]
        mean, std = (fmean(siblings), stdev(siblings)) if len(siblings) > 1 else (0.0, 1.0)
        out.append((reward - mean) / (std + eps) if by_std else reward - mean)
    return out


def test_closed_form():
    rewards, groups = np.array([1.0, -1, -1, -1]), np.array([7, 7, 7, 7])
    assert group_normalised(rewards, groups) == pytest.approx(np.array([1.5, -0.5, -0.5, -0.5]) / (1 + 1e-6))
    assert group_normalised(rewards, groups, by_std=False).tolist() == [1.5, -0.5, -0.5, -0.5]


@pytest.mark.parametrize("by_std", [True, False])
@given(batch=BATCH)
def test_it_is_verls_loop(by_std, batch):
    rewards, groups = split(batch)
    expected = loop(rewards.tolist(), groups.tolist(), 1e-6, by_std)
    assert group_normalised(rewards, groups, by_std=by_std) == pytest.approx(expected, abs=1e-8)


@given(BATCH)
def test_advantages_of_a_group_sum_to_zero(batch):
    rewards, groups = split(batch)
    advantages = group_normalised(rewards, groups)
    for group in np.unique(groups):
        if (groups == group).sum() > 1:
            assert advantages[groups == group].sum() == pytest.approx(0, abs=1e-8)


@given(BATCH, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(batch, random):
    order = list(range(len(batch)))
    random.shuffle(order)
    rewards, groups = split(batch)
    shuffled = group_normalised(rewards[order], groups[order]) if batch else np.zeros(0)
    assert shuffled == pytest.approx(group_normalised(rewards, groups)[order] if batch else [], abs=1e-12)


@given(st.floats(-1e6, 1e6), st.integers(2, 9))
def test_equal_rewards_give_exactly_zero(reward, size):
    assert not group_normalised(np.full(size, reward), np.zeros(size, dtype=int)).any()


def test_a_group_of_one_follows_verl():
    assert group_normalised(np.array([-1.0]), np.array([3])) == pytest.approx([-1 / (1 + 1e-6)])


def test_eps_zero_is_no_division_by_zero():
    assert group_normalised(np.array([1.0, 1, 1, -1]), np.array([0, 0, 1, 1]), eps=0) == pytest.approx(
        [0, 0, math.sqrt(0.5), -math.sqrt(0.5)]
    )


@pytest.mark.parametrize(
    ("rewards", "groups", "message"),
    [
        ([1.0, math.nan], [0, 0], "rewards must be finite; got nan in row 1.*failed grader"),
        ([1.0, 1.0], [0], "rewards 2, groups 1"),
        ([1.0], [0.5], "groups must be integers"),
        ([1.0], ["a"], "groups must be integers"),
    ],
)
def test_refused(rewards, groups, message):
    with pytest.raises(InputError, match=message):
        group_normalised(np.array(rewards), np.array(groups))
