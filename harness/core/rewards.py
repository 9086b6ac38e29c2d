"""The reward convention of the methods that read a reward's sign."""

import numpy as np

from harness.core.check import vector
from harness.core.types import FloatArray
from harness.errors import InputError


def signed(rewards: FloatArray) -> FloatArray:
    """Rewards (N,) that are +1 (correct) or -1 (wrong). Raises InputError for any other value.

    With the common 0/1 rewards a method that trains on wrong rollouts would see none, silently.
    """
    rewards = vector("rewards", rewards)
    wrong = np.flatnonzero(np.abs(rewards) != 1.0)
    if wrong.size:
        raise InputError(
            "rewards must be +1 for correct and -1 for wrong",
            f"{rewards[wrong[0]]:g} in row {wrong[0]} ({wrong.size} such rows)",
            "Use a +1/-1 grader, or map 0/1 rewards by 2 r - 1.",
        )
    return rewards
