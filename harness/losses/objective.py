"""The loss of one micro-batch from a method's plan: surrogate, additional terms, KL to the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness.losses.clip_cov import clip_cov_mask
from harness.losses.kl import k3
from harness.losses.surrogate import Clip, Surrogate, sequence_surrogate, token_surrogate
from harness.methods.plan import ClipCov, EntropyBonus, LossPlan

TOKEN_SUMS = (
    "actor/clip_cov_removed",
    "actor/clipfrac_up",
    "actor/clipfrac_down",
    "actor/pg_clipfrac_lower",
    "actor/ppo_kl",
)
"""Metrics that are sums over tokens: the caller divides them by the tokens of the mini-batch."""


@dataclass(frozen=True)
class LossInputs:
    """All (B, R) but `advantages` (B,). `entropy` (with gradient) and `reference_log_prob` only where they are used."""

    log_prob: Tensor
    old_log_prob: Tensor
    advantages: Tensor
    mask: Tensor
    weights: Tensor
    entropy: Tensor | None = None
    reference_log_prob: Tensor | None = None


@dataclass(frozen=True)
class LossParts:
    """loss: the scalar to differentiate. metrics: detached scalars under verl's names, summed over `weights`."""

    loss: Tensor
    metrics: dict[str, Tensor]


def needs_entropy(plan: LossPlan) -> bool:
    """Whether the loss differentiates through the entropy."""
    return any(isinstance(term, EntropyBonus) for term in plan.terms)


def objective(plan: LossPlan, clip: Clip, kl_coef: float, inputs: LossInputs, generator: torch.Generator) -> LossParts:
    """Weighted sum over tokens: surrogate - coefficient * entropy + kl_coef * k3 (nats).

    `generator` (on the CPU) draws Clip-Cov's tokens.
    """
    surrogate = _surrogate(plan, clip, inputs)
    removed: dict[str, Tensor] = {}
    for term in plan.terms:
        if isinstance(term, ClipCov):
            before = surrogate
            surrogate = _without(surrogate, term, inputs, generator)
            removed["actor/clip_cov_removed"] = (surrogate.clipped & ~before.clipped).sum()
    policy = (surrogate.loss * inputs.weights).sum()
    loss = policy
    metrics = {"actor/pg_loss": policy.detach(), **removed}
    for term in plan.terms:
        if isinstance(term, EntropyBonus):
            assert inputs.entropy is not None  # needs_entropy told the caller
            entropy = (inputs.entropy * inputs.weights).sum()
            loss = loss - term.coefficient * entropy
            metrics["actor/entropy_loss"] = entropy.detach()
    if inputs.reference_log_prob is not None:
        divergence = (k3(inputs.log_prob, inputs.reference_log_prob) * inputs.weights).sum()
        loss = loss + kl_coef * divergence
        metrics["actor/kl_loss"] = divergence.detach()
    return LossParts(loss, metrics | _token_means(surrogate, inputs))


def _surrogate(plan: LossPlan, clip: Clip, inputs: LossInputs) -> Surrogate:
    if plan.ratio == "sequence":
        # verl's GSPO has no dual clip
        return sequence_surrogate(
            inputs.log_prob, inputs.old_log_prob, inputs.advantages, inputs.mask, replace(clip, dual=None)
        )
    if any(isinstance(term, ClipCov) for term in plan.terms):
        clip = replace(clip, dual=None)  # nor has its Clip-Cov
    return token_surrogate(inputs.log_prob, inputs.old_log_prob, inputs.advantages, clip)


def _without(surrogate: Surrogate, term: ClipCov, inputs: LossInputs, generator: torch.Generator) -> Surrogate:
    removed = clip_cov_mask(
        inputs.log_prob, inputs.advantages, inputs.mask, surrogate.clipped,
        term.fraction, term.low, term.high, generator,
    )  # fmt: skip
    positive = (inputs.advantages > 0)[:, None]
    return replace(
        surrogate,
        loss=surrogate.loss.masked_fill(removed, 0.0),
        up=surrogate.up | (removed & positive),
        down=surrogate.down | (removed & ~positive),
    )


def _token_means(surrogate: Surrogate, inputs: LossInputs) -> dict[str, Tensor]:
    """Sums over tokens (the caller divides by the token count): clip fractions and the mean old - new log-prob."""
    mask = inputs.mask.float()
    sums = {
        "actor/clipfrac_up": surrogate.up,
        "actor/clipfrac_down": surrogate.down,
        "actor/pg_clipfrac_lower": surrogate.dual,
        "actor/ppo_kl": (inputs.old_log_prob - inputs.log_prob).detach(),
    }
    return {name: (value * mask).sum() for name, value in sums.items()}
