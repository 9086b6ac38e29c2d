"""band_switch: what the authors' released code runs in place of Algorithm 1."""

from dataclasses import dataclass

import numpy as np

from harness.core.rewards import signed
from harness.methods.base import State
from harness.methods.on_base import OnBase
from harness.methods.plan import Action, Batch


@dataclass(frozen=True)
class BandSwitch(OnBase):
    """H above the band: A = max(r, 0); below: A = min(r, 0), r the raw +-1; inside: the base's advantages.

    No draw and no gamma. All rows stay: those of advantage 0 count in the loss's denominator. Groups of equal
    rewards, which Algorithm 1 cannot use, have a full gradient out of the band.
    """

    name = "band_switch"
    title = "Band switch (released)"
    source = "released code (lblaoke/entrocraft), grpo_range*"
    needs_schedule = True
    tested_on = frozenset({"torch", "verl"})

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        m = batch.required_band().direction(batch.entropy)
        rewards = signed(batch.rewards)
        if m == 0:
            return super().act(batch, state)
        limit = np.maximum if m > 0 else np.minimum
        return Action(limit(rewards, 0.0), np.ones(rewards.shape, dtype=np.bool_), m), dict(state)
