"""The `pruning.guards` group: what makes a run hopeless whatever its value, each off until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.config.fields import count, number
from harness.config.group import Group
from harness.errors import ConfigError


def defaulted(value: Any, rule: Any) -> Any:
    """A field with the rule of another one, and a default."""
    return field(default=value, metadata=rule.metadata)


@dataclass(frozen=True)
class Guards(Group):
    """All counts are of consecutive steps; null switches a guard off."""

    KEY: ClassVar[str] = "pruning.guards"

    saturated_steps: int | None = defaulted(None, count(1, 20))
    """Steps with `control/saturated`: entropy has not followed its control for long (harness/core/saturation.py)."""
    entropy_below: float | None = defaulted(None, number(at_least=0, example=0.01))
    """Nats per token, of `control/entropy`: at or below it the policy has collapsed."""
    entropy_above: float | None = defaulted(None, number(above=0, example=3.0))
    """Nats per token, of `control/entropy`: at or above it the policy has dissolved."""
    entropy_steps: int = defaulted(10, count(1, 10))
    """Steps that the entropy must stay beyond one of the two bounds."""
    dead_reward_steps: int | None = defaulted(None, count(1, 20))
    """Steps in which all rollouts had the same reward: nothing to learn from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.entropy_below, self.entropy_above
        if low is not None and high is not None and low >= high:
            raise ConfigError(
                "pruning.guards.entropy_below must be < pruning.guards.entropy_above",
                f"entropy_below {low:g}, entropy_above {high:g}",
                "Swap the two, or leave one out.",
            )

    @property
    def on(self) -> bool:
        """Whether any guard is on."""
        bounds = (self.saturated_steps, self.entropy_below, self.entropy_above, self.dead_reward_steps)
        return any(bound is not None for bound in bounds)
