"""Rollout batches for the tests of methods."""

import numpy as np
from hypothesis import strategies as st

from harness.core.band import Band
from harness.methods import Batch, Method

REWARDS = st.lists(st.sampled_from([-1.0, 1.0]), min_size=1, max_size=8).map(lambda r: np.array(r * 4))
ENTROPY = st.floats(0, 3)
BANDS = st.tuples(st.floats(0, 2), st.floats(0, 1)).map(lambda ends: Band(ends[0], ends[0] + ends[1]))


def batch(method: Method, rewards, entropy=0.5, band=None, step=1, seed=0, group_size=4) -> Batch:
    """The batch a backend would hand to the method: consecutive groups, the method's own advantages."""
    rewards = np.array(rewards, dtype=np.float64)
    groups = np.arange(len(rewards)) // group_size
    return Batch(seed, step, entropy, band, rewards, groups, method.advantages(rewards, groups))
