"""The small groups: model, checkpoint, control, run and wandb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import choice, count, text
from harness.config.group import Group


@dataclass(frozen=True)
class ModelConfig(Group):
    """The policy that a run starts from."""

    KEY: ClassVar[str] = "model"

    path: str = text("tiny")
    """`tiny` = the weights shipped with the package; otherwise a folder in Hugging Face format."""


@dataclass(frozen=True)
class CheckpointConfig(Group):
    """When a run saves itself, and how much of that it keeps."""

    KEY: ClassVar[str] = "checkpoint"

    every: int = count(1, 50)
    """Steps between two checkpoints; the last step and a stop request save one, too."""
    keep: int = count(1, 1)
    """How many of the newest checkpoints stay on disk."""


@dataclass(frozen=True)
class ControlConfig(Group):
    """What the entropy controller measures."""

    KEY: ClassVar[str] = "control"

    entropy_aggregation: str = choice("token-mean", "seq-mean-token-mean")
    """Of token entropies (nats) over a batch, whatever average the loss uses."""


@dataclass(frozen=True)
class RunSettings(Group):
    """Where a run is kept and what it is called; no part of what it computes."""

    KEY: ClassVar[str] = "run"

    dir: str | None = text("runs/first")
    """The run folder; null = runs/<name>-<configuration hash>-s<seed>."""
    name: str | None = text("first")
    """A label; null = the method, and the schedule's family where there is one."""


@dataclass(frozen=True)
class WandbConfig(Group):
    """The optional mirror to Weights & Biases."""

    KEY: ClassVar[str] = "wandb"

    mode: str = choice("off", "offline", "online")
