"""Entropy loss: a bonus for the policy's entropy."""

from dataclasses import dataclass, replace

from harness.core.check import finite
from harness.methods.on_base import OnBase
from harness.methods.plan import EntropyBonus, LossPlan


@dataclass(frozen=True)
class EntropyLoss(OnBase):
    """L - coefficient * H, H in nats per token; on GRPO, or on another base such as GSPO."""

    name = "entropy_loss"
    title = "Entropy loss"
    source = "Williams and Peng 1991; verl: actor.entropy_coeff"
    tested_on = frozenset({"torch", "verl"})

    coefficient: float = 0.003

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("coefficient", self.coefficient)

    def loss(self) -> LossPlan:
        plan = self.inner.loss()
        return replace(plan, terms=(*plan.terms, EntropyBonus(self.coefficient)))
