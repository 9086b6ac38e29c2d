"""RAFT++: only correct rollouts have a gradient; wrong ones stay in the average."""

from dataclasses import dataclass

import numpy as np

from harness.core.rewards import signed
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method


@dataclass(frozen=True)
class Raftpp(Method):
    """A = max(r, 0) with PPO clipping; all rows stay, so wrong ones count in the loss's denominator."""

    name = "raftpp"
    title = "RAFT++"
    source = "Xiong et al. 2025; released code (lblaoke/entrocraft)"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return np.maximum(signed(rewards), 0.0)
