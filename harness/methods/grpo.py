"""GRPO: advantages relative to the siblings of a problem."""

from dataclasses import dataclass

from harness.core.advantages import group_normalised
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method


@dataclass(frozen=True)
class Grpo(Method):
    """A = (r - mean) / (std + 1e-6) within the group, Bessel's std; token ratios."""

    name = "grpo"
    title = "GRPO"
    source = "Shao et al. 2024; verl/trainer/ppo/core_algos.py, compute_grpo_outcome_advantage"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return group_normalised(rewards, groups)
