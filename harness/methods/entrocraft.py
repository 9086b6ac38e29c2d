"""Entrocraft, Algorithm 1: rollouts that push entropy the wrong way are rejected before the update."""

from dataclasses import dataclass, replace

import numpy as np

from harness.core.advantages import zero_variance
from harness.core.check import at_least, one_of
from harness.core.filter import accept
from harness.core.rewards import signed
from harness.core.rng import generator
from harness.core.types import FloatArray
from harness.methods.base import State
from harness.methods.on_base import OnBase
from harness.methods.plan import Action, Batch

ADVANTAGES = ("base", "raw")
DENOMINATORS = ("kept", "all")


@dataclass(frozen=True)
class Entrocraft(OnBase):
    """Keeps rollout i if u_i <= exp(gamma m A_i), u_i uniform; m says on which side of the band H is.

    gamma (dimensionless; not a discount): 0 no filter, inf the hard filter. The other options are what separates
    Algorithm 1 (their defaults) from the released code (raw, raw, all and gamma inf: `band_switch`), one by one. They
    act out of the band only; inside it the base's advantages are used and no row is rejected.

    advantage: A of groups whose rewards differ, the base's or the raw reward (+1/-1).
    zero_variance: A of groups whose rewards are all equal, the base's (0 for GRPO: kept, without gradient) or raw.
    denominator: "kept", rejected rows are dropped; "all", they stay with A = 0, count in the loss's average and have
    its KL term.
    """

    name = "entrocraft"
    title = "Entrocraft"
    source = "paper, Algorithm 1 (arXiv:2604.26326)"
    needs_schedule = True
    tested_on = frozenset({"torch", "verl"})

    gamma: float = 10.0
    advantage: str = "base"
    zero_variance: str = "base"
    denominator: str = "kept"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("gamma", self.gamma, 0.0)
        one_of("advantage", self.advantage, ADVANTAGES)
        one_of("zero_variance", self.zero_variance, ADVANTAGES)
        one_of("denominator", self.denominator, DENOMINATORS)

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        """The base's action without the rejected rows; draws from the stream "filter" of the step."""
        action, state = super().act(batch, state)
        m = batch.required_band().direction(batch.entropy)
        if m == 0:
            return action, state
        advantages = self._filtered(action.advantages, batch)
        accepted = accept(advantages, m, self.gamma, generator(batch.seed, batch.step, "filter"))
        if self.denominator == "all":
            return replace(action, advantages=np.where(accepted, advantages, 0.0), m=m), state
        return replace(action, advantages=advantages, keep=action.keep & accepted, m=m), state

    def _filtered(self, advantages: FloatArray, batch: Batch) -> FloatArray:
        """(N,) what the filter and the update take for A out of the band, from the base's advantages (N,)."""
        if self.advantage == self.zero_variance == "base":
            return advantages
        equal = zero_variance(batch.rewards, batch.groups)
        raw = np.where(equal, self.zero_variance == "raw", self.advantage == "raw")
        return np.where(raw, signed(batch.rewards), advantages)
