"""EntroPIC: a PI controller weighs correct against wrong rollouts."""

import math
from dataclasses import dataclass

import numpy as np

from harness.core.check import one_of
from harness.core.pi import PIController, PIState
from harness.core.rewards import signed
from harness.core.types import FloatArray, IntArray
from harness.methods.base import Method, State
from harness.methods.plan import Action, Batch

LIMITS = {"paper": 1.0, "released": math.inf}


@dataclass(frozen=True)
class Entropic(Method):
    """A = +(1 + alpha) on correct rollouts and -(1 - alpha) on wrong ones, alpha by PI control of H.

    kp, ki: per nat. The error is H minus the middle of the band. variant "paper": alpha clipped to +-1;
    "released": unclipped. The state holds the integral, in nats per token.
    """

    name = "entropic"
    title = "EntroPIC"
    source = "Yang et al. 2025, arXiv:2511.15248; paper, section 3.2; released code (lblaoke/entrocraft)"
    needs_schedule = True
    tested_on = frozenset({"torch", "verl"})

    kp: float = 1.0
    ki: float = 0.01
    variant: str = "paper"

    def __post_init__(self) -> None:
        one_of("variant", self.variant, tuple(LIMITS))
        _ = self.controller  # it refuses bad gains

    @property
    def controller(self) -> PIController:
        """The controller with this variant's limit."""
        return PIController(self.kp, self.ki, LIMITS[self.variant])

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        """The raw rewards; `act` weighs them."""
        return signed(rewards)

    def initial_state(self) -> dict[str, float]:
        return PIState().to_dict()

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        """All rows kept, weighed by alpha; metrics: control/alpha (dimensionless)."""
        band = batch.required_band()
        error = batch.entropy - band.middle
        alpha, after = self.controller.step(PIState.from_dict(state), error)
        rewards = signed(batch.rewards)
        weighed = rewards * (1.0 + alpha * rewards)
        keep = np.ones(rewards.shape, dtype=np.bool_)
        action = Action(weighed, keep, band.direction(batch.entropy), {"control/alpha": alpha})
        return action, after.to_dict()
