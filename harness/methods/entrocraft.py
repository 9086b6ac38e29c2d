"""Entrocraft, Algorithm 1: rollouts that push entropy the wrong way are rejected before the update."""

from dataclasses import dataclass, replace

from harness.core.check import at_least
from harness.core.filter import accept
from harness.core.rng import generator
from harness.methods.base import State
from harness.methods.on_base import OnBase
from harness.methods.plan import Action, Batch


@dataclass(frozen=True)
class Entrocraft(OnBase):
    """Keeps rollout i if u_i <= exp(gamma m A_i), u_i uniform; m says on which side of the band H is.

    gamma (dimensionless; not a discount): 0 no filter, inf the hard filter. A is the base's advantage.
    """

    name = "entrocraft"
    title = "Entrocraft"
    source = "paper, Algorithm 1 (arXiv:2604.26326)"
    needs_schedule = True
    tested_on = frozenset({"torch", "verl"})

    gamma: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("gamma", self.gamma, 0.0)

    def act(self, batch: Batch, state: State) -> tuple[Action, dict[str, float]]:
        """The base's action with the rejected rows dropped; draws from the stream "filter" of the step."""
        action, state = super().act(batch, state)
        m = batch.required_band().direction(batch.entropy)
        kept = accept(action.advantages, m, self.gamma, generator(batch.seed, batch.step, "filter"))
        return replace(action, keep=action.keep & kept, m=m), state
