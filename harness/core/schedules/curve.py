"""The interface of a schedule family: target entropy as a function of progress."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from harness.core.check import finite
from harness.errors import InputError


def target(name: str, value: float) -> None:
    """Refuses an entropy target that no policy can have. Unit: nats per token."""
    if finite(name, value) < 0:
        raise InputError(f"{name} must not be negative", f"{value:g} nats per token", "Entropy is >= 0.")


def blend(start: float, end: float, weight: float) -> float:
    """start + (end - start) * weight, exact at the weights 0 and 1, where floating point is not."""
    return end if weight == 1.0 else start + (end - start) * weight


@dataclass(frozen=True)
class Curve(ABC):
    """A family's curve; the fields of a subclass are its parameters, in nats per token."""

    name: ClassVar[str]

    def at(self, f: float) -> float:
        """Target entropy in nats per token at progress f in [0, 1]. Raises InputError outside."""
        if not 0.0 <= finite("progress", f) <= 1.0:
            raise InputError("progress must be in [0, 1]", f"{f:g}", "Use harness.core.progress.progress.")
        return self._at(f)

    @abstractmethod
    def _at(self, f: float) -> float:
        """The formula, for f already known to be in [0, 1]."""

    def to_dict(self) -> dict[str, Any]:
        """Family and parameters; `harness.core.schedules.curve_from` is the inverse."""
        return {"family": self.name, **asdict(self)}
