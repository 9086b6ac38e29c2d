"""PSR: reinforcement by positive samples only."""

from dataclasses import dataclass, replace

import numpy as np

from harness.core.rewards import signed
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method, State
from harness.methods.plan import Action, Batch


@dataclass(frozen=True)
class Psr(Method):
    """A = +1 on correct rollouts; wrong ones are dropped, and leave the loss's denominator."""

    name = "psr"
    title = "PSR"
    source = "Zhu et al. 2025"
    estimator = True
    tested_on = frozenset({"torch", "verl"})

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return np.maximum(signed(rewards), 0.0)

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        action, state = super().act(batch, state)
        return replace(action, keep=batch.rewards > 0), state
