"""The `loss` group: clipping, KL and averaging of the policy loss. The ratio is the method's own choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import choice, number
from harness.config.group import Group
from harness.errors import ConfigError


@dataclass(frozen=True)
class LossConfig(Group):
    """PPO loss with dual clip. Bounds are on the importance ratio (dimensionless); KL is k3, nats per token.

    average: `token_mean` pools all kept tokens (as released); `eq5` divides per question by its kept rollouts
    and sums over a rollout's tokens (paper, Eq. 5); `seq_mean_token_mean` is the mean over a rollout's tokens,
    then over rollouts (GSPO).
    """

    KEY: ClassVar[str] = "loss"

    average: str = choice("token_mean", "eq5", "seq_mean_token_mean")
    clip_low: float = number(above=0, at_most=1, example=0.2)
    """The ratio is clipped below at 1 - clip_low."""
    clip_high: float = number(above=0, example=0.2)
    """The ratio is clipped above at 1 + clip_high."""
    clip_c: float = number(above=1, example=3)
    """Dual clip: the loss of a row with a negative advantage is bounded by clip_c * |advantage|."""
    kl_coef: float = number(at_least=0, example=0.001)
    """Weight of the k3 KL divergence to the reference policy; 0 = no reference is computed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip_c <= 1 + self.clip_high:
            raise ConfigError(
                "loss.clip_c (dual clip) must exceed 1 + loss.clip_high, or it undoes the upper clip",
                f"clip_c {self.clip_c:g}, clip_high {self.clip_high:g}",
                "Set e.g. loss.clip_c=3 loss.clip_high=0.2.",
            )
