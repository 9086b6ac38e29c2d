"""REINFORCE without a baseline, under PPO clipping."""

from dataclasses import dataclass

from harness.core.check import vector
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method


@dataclass(frozen=True)
class Reinforce(Method):
    """A = r, the raw reward: groups of equal rewards keep their gradient."""

    name = "reinforce"
    title = "REINFORCE"
    source = "Williams 1992; released code (lblaoke/entrocraft)"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return vector("rewards", rewards)
