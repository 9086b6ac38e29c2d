"""Advantages from the rewards of sibling rollouts."""

import numpy as np

from harness.core.check import at_least, labels, same_length, vector
from harness.core.types import BoolArray, FloatArray, IntArray


def group_normalised(rewards: FloatArray, groups: IntArray, eps: float = 1e-6, by_std: bool = True) -> FloatArray:
    """GRPO: A = (r - mean) / (std + eps) within each group, (N,) from rewards (N,) and groups (N,).

    std is Bessel's (n - 1); `by_std=False` leaves the division out (Dr.GRPO). As in verl, a group of one has
    mean 0 and std 1, so its advantage is r / (1 + eps). A group of equal rewards gets exactly 0: a rounding
    residue would have a sign, and the hard filter acts on signs. Raises InputError for NaN rewards.
    Source: Shao et al. 2024; verl/trainer/ppo/core_algos.py, compute_grpo_outcome_advantage.
    """
    rewards, groups = vector("rewards", rewards), labels("groups", groups)
    same_length(rewards=rewards, groups=groups)
    at_least("eps", eps, 0.0)
    names, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    if not names.size:
        return rewards
    alone = size == 1
    mean = np.where(alone, 0.0, np.bincount(group, rewards) / size)
    centred = rewards - mean[group]
    centred[_constant(rewards, group, names.size) & ~alone[group]] = 0.0
    if not by_std:
        return centred
    variance = np.bincount(group, centred**2) / np.maximum(size - 1, 1)
    std = np.where(alone, 1.0, np.sqrt(variance))
    scale = std[group] + eps
    return np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)


def zero_variance(rewards: FloatArray, groups: IntArray) -> BoolArray:
    """Whether all rewards of a row's group are equal, (N,) from rewards (N,) and groups (N,); true for a group of one.

    Raises InputError for NaN rewards.
    """
    rewards, groups = vector("rewards", rewards), labels("groups", groups)
    same_length(rewards=rewards, groups=groups)
    names, group = np.unique(groups, return_inverse=True)
    return _constant(rewards, group, names.size)


def _constant(rewards: FloatArray, group: IntArray, groups: int) -> BoolArray:
    """Whether all rewards of a row's group are equal, (N,)."""
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, group, rewards)
    np.maximum.at(high, group, rewards)
    constant: BoolArray = low == high
    return constant[group]
