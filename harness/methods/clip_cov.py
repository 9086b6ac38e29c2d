"""Clip-Cov: tokens whose covariance of advantage and log-probability is high may lose their gradient."""

from dataclasses import dataclass, replace

from harness.core.check import finite, number
from harness.errors import ConfigError, InputError
from harness.methods.base import LossSettings
from harness.methods.on_base import OnBase
from harness.methods.plan import ClipCov, LossPlan


@dataclass(frozen=True)
class ClipCovariance(OnBase):
    """A random `fraction` of all tokens, drawn from those with covariance in (low, high), gets no gradient.

    At least one token of an update is removed where there is a candidate, as in verl, so small batches lose more
    than `fraction`: `actor/clip_cov_removed` is the share that was. The ratio clip is out of the way with
    clip_low 1, clip_high 1, clip_c 10 as released; those are loss settings.
    """

    name = "clip_cov"
    title = "Clip-Cov"
    source = "Cui et al. 2025; verl/trainer/ppo/core_algos.py, compute_policy_loss_clip_cov"
    tested_on = frozenset({"torch", "verl"})

    fraction: float = 2e-4
    low: float = 1.0
    high: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < finite("fraction", self.fraction) <= 1:
            raise InputError("fraction must be in (0, 1]", f"{self.fraction:g}", "The paper's is 2e-4.")
        if not number("low", self.low) < number("high", self.high):
            found = f"low {self.low:g}, high {self.high:g}"
            raise InputError("low must be below high", found, "Exchange them.")

    def loss(self) -> LossPlan:
        plan = self.inner.loss()
        return replace(plan, terms=(*plan.terms, ClipCov(self.fraction, self.low, self.high)))

    def check(self, loss: LossSettings) -> None:
        """Raises ConfigError when the ratio clip is narrower than 1, and would act before the covariance."""
        super().check(loss)
        if loss.clip_low < 1 or loss.clip_high < 1:
            raise ConfigError(
                "clip_cov needs loss.clip_low >= 1 and loss.clip_high >= 1",
                f"clip_low {loss.clip_low:g}, clip_high {loss.clip_high:g}",
                "Set loss.clip_low=1 loss.clip_high=1 loss.clip_c=10.",
            )
