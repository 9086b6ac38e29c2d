"""The `platform` group: on what the verl backend runs. The torch backend has `trainer.device` instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import choice, count, number
from harness.config.group import Group


@dataclass(frozen=True)
class PlatformConfig(Group):
    """One node. What it costs and what fits on it, nothing that a method depends on."""

    KEY: ClassVar[str] = "platform"

    name: str = choice("cpu", "gpu")
    """cpu: verl's real trainer with vLLM's CPU build, for small models; gpu: NVIDIA cards."""
    gpus: int = count(1, 8)
    """GPUs of the node; on the CPU one logical one."""
    max_prompt_tokens: int = count(1, 1024)
    """Longer prompts are left out."""
    max_tokens_per_gpu: int = count(1, 16384)
    """Tokens of one forward pass on one GPU (verl's dynamic batch size)."""
    tensor_parallel: int = count(1, 1)
    """GPUs that share one copy of the rollout model."""
    gpu_memory_utilization: float = number(above=0, at_most=1, example=0.6)
    """Share of a GPU's memory that vLLM takes."""
