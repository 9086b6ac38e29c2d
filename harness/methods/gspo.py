"""GSPO: GRPO's advantages with one importance ratio per sequence."""

from dataclasses import dataclass

from harness.errors import ConfigError
from harness.methods.base import LossSettings
from harness.methods.grpo import Grpo
from harness.methods.plan import LossPlan


@dataclass(frozen=True)
class Gspo(Grpo):
    """Ratio s = exp(mean over tokens of the log-ratio), clipped per sequence."""

    name = "gspo"
    title = "GSPO"
    source = "Zheng et al. 2025; verl/trainer/ppo/core_algos.py, compute_policy_loss_gspo"
    tested_on = frozenset({"torch", "verl"})

    def loss(self) -> LossPlan:
        return LossPlan(ratio="sequence")

    def check(self, loss: LossSettings) -> None:
        """Raises ConfigError for an average that lets long sequences weigh more: the ratio is of a sequence."""
        if loss.average == "token_mean":
            raise ConfigError(
                "gspo averages over sequences (its released loss forced it)",
                f"loss.average {loss.average!r}",
                "Set loss.average=seq_mean_token_mean, or eq5.",
            )
