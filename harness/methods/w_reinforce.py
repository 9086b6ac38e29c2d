"""W-Reinforce: positive reinforcement at a reduced weight."""

from dataclasses import dataclass

import numpy as np

from harness.core.check import at_least, finite
from harness.core.rewards import signed
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method


@dataclass(frozen=True)
class WReinforce(Method):
    """A = lambda_ on correct rollouts, -1 on wrong ones."""

    name = "w_reinforce"
    title = "W-Reinforce"
    source = "Zhu et al. 2025; paper, section 3.2"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    lambda_: float = 0.1

    def __post_init__(self) -> None:
        at_least("lambda_", finite("lambda_", self.lambda_), 0.0)

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return np.where(signed(rewards) > 0, self.lambda_, -1.0)
