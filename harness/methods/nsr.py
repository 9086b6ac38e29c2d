"""NSR: reinforcement by negative samples only."""

from dataclasses import dataclass, replace

import numpy as np

from harness.core.rewards import signed
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method, State
from harness.methods.plan import Action, Batch


@dataclass(frozen=True)
class Nsr(Method):
    """A = -1 on wrong rollouts; correct ones are dropped, and leave the loss's denominator."""

    name = "nsr"
    title = "NSR"
    source = "Zhu et al. 2025"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return np.minimum(signed(rewards), 0.0)

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        action, state = super().act(batch, state)
        return replace(action, keep=batch.rewards < 0), state
