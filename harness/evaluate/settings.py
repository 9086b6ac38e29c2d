"""What decides an evaluation's samples, and how they are graded."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import ConfigError

GRADERS = ("math_verify", "released")
"""Names of `harness.graders`; countdown has a grader of its own."""
RELEASED_TOKENS = 3072
"""Longest answer of the release, in tokens."""


@dataclass(frozen=True)
class EvalSettings:
    """The defaults are those of the release's evaluation. A sample has a seed of its own, from these.

    Raises:
        ConfigError: a value out of range, naming the option.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 20
    """0 = off."""
    max_new_tokens: int = RELEASED_TOKENS
    seed: int = 0
    grader: str = GRADERS[0]

    def __post_init__(self) -> None:
        _obey("--temperature", self.temperature, 0 < self.temperature < math.inf, "a finite number > 0", "0.6")
        _obey("--top-p", self.top_p, 0 < self.top_p <= 1, "a number > 0 and <= 1", "0.95")
        _obey("--top-k", self.top_k, self.top_k >= 0, "a whole number >= 0 (0 = off)", "20")
        _obey("--max-new-tokens", self.max_new_tokens, self.max_new_tokens >= 1, "a whole number >= 1", "3072")
        _obey("--seed", self.seed, self.seed >= 0, "a whole number >= 0", "0")
        _obey("--grader", self.grader, self.grader in GRADERS, f"one of {', '.join(GRADERS)}", GRADERS[0])

    @property
    def name(self) -> str:
        """Of the evaluation's folder: sampling and length always, seed and grader where they are not the default."""
        parts = [
            f"T{self.temperature:g}",
            f"p{self.top_p:g}",
            f"k{self.top_k}",
            f"{self.max_new_tokens}tokens",
            *([f"seed{self.seed}"] if self.seed else []),
            *([self.grader] if self.grader != GRADERS[0] else []),
        ]
        return "-".join(parts)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def whole(option: str, value: int) -> int:
    """The value of an option that counts something. Raises ConfigError below 1."""
    _obey(option, value, value >= 1, "a whole number >= 1", "32")
    return value


def _obey(option: str, value: object, holds: bool, rule: str, example: str) -> None:
    if not holds:
        raise ConfigError(f"{option} must be {rule}", repr(value), f"Give e.g. {option} {example}.")
