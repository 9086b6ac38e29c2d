"""The `trainer` group: rollouts, updates and the optimiser of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import choice, count, number
from harness.config.group import Group
from harness.errors import ConfigError


@dataclass(frozen=True)
class TrainerConfig(Group):
    """A step: one batch of prompts_per_step x rollouts_per_prompt rows, epochs x mini_batches updates."""

    KEY: ClassVar[str] = "trainer"

    steps: int = count(1, 120)
    """Length of the run, in steps."""
    prompts_per_step: int = count(1, 32)
    rollouts_per_prompt: int = count(1, 8)
    """G, the size of a group."""
    epochs: int = count(1, 4)
    """Passes over the kept rows of a batch."""
    mini_batches: int = count(1, 4)
    """Updates per epoch; kept rows are split evenly over them."""
    lr: float = number(above=0, example=2e-4)
    """AdamW learning rate, constant."""
    weight_decay: float = number(at_least=0, example=0.01)
    max_grad_norm: float = number(above=0, example=1.0)
    temperature: float = number(above=0, example=1.0)
    """Sampling temperature of the rollouts; entropies are those of the logits divided by it."""
    max_new_tokens: int = count(1, 24)
    """Longest completion, in tokens."""
    device: str = choice("cpu", "cuda")
    threads: int = count(1, 1)
    """CPU threads; part of what makes a run reproducible bit by bit. With 1, a Qwen3 runs on fused kernels."""
    micro_batch_rows: int | None = count(1, 64)
    """Rows per forward pass, to save memory; null = a whole mini-batch."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mini_batches > self.rows_per_step:
            raise ConfigError(
                "trainer.mini_batches must not exceed the rows of a step, prompts x rollouts",
                f"mini_batches {self.mini_batches}, rows {self.rows_per_step}",
                f"Set trainer.mini_batches={self.rows_per_step} or less, or raise trainer.prompts_per_step.",
            )

    @property
    def rows_per_step(self) -> int:
        """Rollouts of one step, before any filter."""
        return self.prompts_per_step * self.rollouts_per_prompt
