"""A proportional-integral controller whose state is explicit, so that it survives a requeue."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from harness.core.check import at_least, finite, number
from harness.core.options import construct, encoded
from harness.errors import StateError


@dataclass(frozen=True)
class PIState:
    """The sum of all errors so far, in nats per token (one error a step)."""

    integral: float = 0.0

    def __post_init__(self) -> None:
        finite("the integral", self.integral)

    def to_dict(self) -> dict[str, float]:
        """JSON-able; the inverse is `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The state that `to_dict` wrote. Raises StateError without its key, ConfigError for unknown keys."""
        if "integral" not in saved:
            # The default would silently restart the controller.
            raise StateError("a PI state needs its integral", f"keys {sorted(saved)}", "Use initial_state().")
        return construct(cls, saved, "PI state")


@dataclass(frozen=True)
class PIController:
    """alpha = clip(kp e + ki sum e, +-limit); e = H - target in nats per token, the sum including this step.

    kp, ki: per nat. limit: 1 in the paper, inf in the released code. Source: EntroPIC, arXiv:2511.15248.
    """

    kp: float = 1.0
    ki: float = 0.01
    limit: float = 1.0

    def __post_init__(self) -> None:
        at_least("kp", finite("kp", self.kp), 0.0)
        at_least("ki", finite("ki", self.ki), 0.0)
        at_least("limit", number("limit", self.limit), 0.0)

    def step(self, state: PIState, error: float) -> tuple[float, PIState]:
        """alpha (dimensionless) for an error in nats per token, and the next state.

        The integral is not limited where alpha is: neither source has anti-windup.
        """
        integral = state.integral + finite("the error", error)
        alpha = self.kp * error + self.ki * integral
        return max(-self.limit, min(self.limit, alpha)), PIState(integral)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able gains; the inverse is `from_dict`."""
        return encoded(asdict(self))

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The controller that `to_dict` wrote. Raises ConfigError for unknown keys."""
        return construct(cls, saved, "PI controller")
