"""Whose loss a run on verl takes: verl's own where it has the method, the harness's where it has not."""

from __future__ import annotations

from harness.config import RunConfig
from harness.methods.plan import ClipCov


def verl_has_loss(config: RunConfig) -> bool:
    """False for Eq. 5's average, for which verl has no mode, and for Clip-Cov under a sequence ratio, which verl
    counts as two losses; the plug-in then gives its workers `harness.losses.objective`."""
    plan = config.method.loss()
    two_losses = plan.ratio == "sequence" and any(isinstance(term, ClipCov) for term in plan.terms)
    return config.loss.average != "eq5" and not two_losses
