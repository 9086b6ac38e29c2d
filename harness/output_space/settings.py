"""What decides the responses of a measurement, and what is done with them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from harness.core.output_space import AUTHORS_TEMPERATURE
from harness.errors import ConfigError

UPDATE_STEPS = ("gradient", "adam")


@dataclass(frozen=True)
class OsbSettings:
    """The defaults are the authors': 10 prompts, one response each, temperature .6.

    The temperature divides the logits of the responses that are drawn and of those that are scored. Truncation (top_p
    below 1, top_k above 0) is of the drawing alone: log-likelihoods stay those of the whole vocabulary.

    Raises:
        ConfigError: a value out of range, naming the option.
    """

    temperature: float = AUTHORS_TEMPERATURE
    top_p: float = 1.0
    top_k: int = 0
    """0 = off."""
    samples: int = 1
    """Responses to each prompt."""
    problems: int = 10
    """The first prompts; fewer where there are fewer."""
    max_new_tokens: int = 3072
    seed: int = 0
    updates: int = 0
    """Of the first responses: one update is made on each, and undone."""
    update_lr: float = 1e-4
    update_step: str = UPDATE_STEPS[0]

    def __post_init__(self) -> None:
        _obey("--temperature", self.temperature, 0 < self.temperature < math.inf, "a finite number > 0", "0.6")
        _obey("--top-p", self.top_p, 0 < self.top_p <= 1, "a number > 0 and <= 1", "1")
        _obey("--top-k", self.top_k, self.top_k >= 0, "a whole number >= 0 (0 = off)", "0")
        _obey("--samples", self.samples, self.samples >= 1, "a whole number >= 1", "1")
        _obey("--problems", self.problems, self.problems >= 1, "a whole number >= 1", "10")
        _obey("--max-new-tokens", self.max_new_tokens, self.max_new_tokens >= 1, "a whole number >= 1", "3072")
        _obey("--seed", self.seed, self.seed >= 0, "a whole number >= 0", "0")
        _obey("--updates", self.updates, self.updates >= 0, "a whole number >= 0", "50")
        _obey("--update-lr", self.update_lr, 0 < self.update_lr < math.inf, "a finite number > 0", "1e-4")
        known = self.update_step in UPDATE_STEPS
        _obey("--update-step", self.update_step, known, f"one of {', '.join(UPDATE_STEPS)}", UPDATE_STEPS[0])

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _obey(option: str, value: object, holds: bool, rule: str, example: str) -> None:
    if not holds:
        raise ConfigError(f"{option} must be {rule}", repr(value), f"Give e.g. {option} {example}.")
