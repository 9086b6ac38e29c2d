"""What goes into a method and what comes out: the three records every backend exchanges with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.core.band import Band
from harness.core.check import direction, mask, same_length, vector
from harness.core.types import BoolArray, FloatArray, IntArray
from harness.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Batch:
    """One rollout batch of N rows, measured before its update.

    entropy: nats per token, in the controller's own aggregation. rewards (N,); groups (N,): rows of one
    problem share a number; advantages (N,): from the method's own `advantages`. Step counts from 1.
    """

    seed: int
    step: int
    entropy: float
    band: Band | None
    rewards: FloatArray  # (N,)
    groups: IntArray  # (N,)
    advantages: FloatArray  # (N,)

    def __post_init__(self) -> None:
        same_length(rewards=self.rewards, groups=self.groups, advantages=self.advantages)

    def required_band(self) -> Band:
        """The band, for a method that cannot act without one. Raises ConfigError when there is none."""
        if self.band is None:
            raise ConfigError("a method that controls entropy needs a schedule", "none", "Choose one: schedule=linear.")
        return self.band


@dataclass(frozen=True, eq=False)
class Action:
    """What the update must do with the N rows of the batch.

    advantages (N,): used in the update. keep (N,): rows outside take no part in it, neither forward nor
    backward, and leave every denominator. m: +1 entropy to be lowered, -1 raised, 0 no control.
    metrics: extra numbers to log, by full name, e.g. "control/alpha".
    """

    advantages: FloatArray  # (N,)
    keep: BoolArray  # (N,)
    m: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vector("advantages", self.advantages)
        mask("keep", self.keep)
        same_length(advantages=self.advantages, keep=self.keep)
        direction(self.m)


@dataclass(frozen=True)
class EntropyBonus:
    """Adds -coefficient * H to the loss; H in nats per token."""

    coefficient: float


@dataclass(frozen=True)
class ClipCov:
    """No gradient for a random `fraction` of the tokens, drawn among those with covariance in (low, high)."""

    fraction: float
    low: float
    high: float


Term: TypeAlias = EntropyBonus | ClipCov
Ratio: TypeAlias = Literal["token", "sequence"]


@dataclass(frozen=True)
class LossPlan:
    """The loss a backend must build: importance ratio per token or per sequence, and additional terms."""

    ratio: Ratio = "token"
    terms: tuple[Term, ...] = ()
