"""The interface of a method. One method is one file in this package: a frozen dataclass of its options."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from harness.core.options import encoded
from harness.core.types import FloatArray, IntArray
from harness.methods.plan import Action, Batch, ClipCov, EntropyBonus, LossPlan, Ratio, Term

__all__ = ["Action", "Batch", "ClipCov", "EntropyBonus", "LossPlan", "LossSettings", "Method", "Ratio",
           "State", "Term"]  # fmt: skip

State: TypeAlias = Mapping[str, float]


class LossSettings(Protocol):
    """The part of the `loss` configuration that a method may have an opinion on (clip bounds are on the ratio)."""

    @property
    def average(self) -> str: ...
    @property
    def clip_low(self) -> float: ...
    @property
    def clip_high(self) -> float: ...


@dataclass(frozen=True)
class Method:
    """An advantage transform, an action per batch and a plan of the loss; pure, the same on every backend.

    Subclasses are frozen dataclasses; their fields are their options, validated in `__post_init__`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """Label in plots and tables."""
    source: ClassVar[str]
    """Paper section or file that defines the method."""
    needs_schedule: ClassVar[bool] = False
    estimator: ClassVar[bool] = False
    """One scalar per rollout and no control of its own: may be the `base` of another method."""
    tested_on: ClassVar[frozenset[str]] = frozenset()
    """Backends on which tests run this method; any other pair is refused."""

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        """Advantages (N,) float64 of rewards (N,) whose rows of one problem share a number in groups (N,)."""
        raise NotImplementedError

    def initial_state(self) -> dict[str, float]:
        """State of the controller before step 1, JSON-able; empty for a method without memory."""
        return {}

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        """The action for a batch and the next state. By default: keep all rows, no control."""
        keep = np.ones(batch.advantages.shape, dtype=np.bool_)
        return Action(batch.advantages, keep), dict(state)

    def loss(self) -> LossPlan:
        """The loss to build. By default: token ratios and nothing more."""
        return LossPlan()

    def check(self, loss: LossSettings) -> None:
        """Raises ConfigError when the loss settings would make the run a different method."""

    def to_dict(self) -> dict[str, Any]:
        """Name and options, JSON-able; `harness.methods.build` is the inverse."""
        return {"name": self.name, **encoded(asdict(self))}
