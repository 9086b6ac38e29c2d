"""What methods have in common that stand on another method's estimator."""

from dataclasses import dataclass

from harness.core.types import FloatArray, IntArray
from harness.errors import ConfigError, unknown
from harness.methods import registry  # read when called: it is what imports this module
from harness.methods.base import LossSettings, Method, State
from harness.methods.plan import Action, Batch, LossPlan


@dataclass(frozen=True)
class OnBase(Method):
    """Advantages, action and loss of `base`, a method with one scalar per rollout, with its default options.

    Raises ConfigError for a base that does not exist or is not an estimator, listing those that are.
    """

    base: str = "grpo"

    def __post_init__(self) -> None:
        estimators = [name for name, method in registry.METHODS.items() if method.estimator]
        if str(self.base) not in registry.METHODS:
            raise unknown("bases", [str(self.base)], estimators)
        if self.base not in estimators:
            raise ConfigError(
                "the base of a method must be an estimator: one scalar per rollout and no control of its own",
                f"base {self.base!r}",
                f"Valid: {', '.join(estimators)}.",
            )

    @property
    def inner(self) -> Method:
        """The base method."""
        return registry.METHODS[self.base]()

    def advantages(self, rewards: FloatArray, groups: IntArray) -> FloatArray:
        return self.inner.advantages(rewards, groups)

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        return self.inner.act(batch, state)

    def loss(self) -> LossPlan:
        return self.inner.loss()

    def check(self, loss: LossSettings) -> None:
        self.inner.check(loss)
