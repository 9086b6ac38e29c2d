"""GSPO: GRPO's advantages with one importance ratio per sequence."""

from dataclasses import dataclass

from harness.methods.grpo import Grpo
from harness.methods.plan import LossPlan


@dataclass(frozen=True)
class Gspo(Grpo):
    """Ratio s = exp(mean over tokens of the log-ratio), clipped per sequence."""

    name = "gspo"
    title = "GSPO"
    source = "Zheng et al. 2025; verl/trainer/ppo/core_algos.py, compute_policy_loss_gspo"

    def loss(self) -> LossPlan:
        return LossPlan(ratio="sequence")
