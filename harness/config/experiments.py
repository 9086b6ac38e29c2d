"""The shipped experiments: what each reproduces, and what it may cost at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.config.checkpoint_size import checkpoint_gb
from harness.config.compose import compose, described, options
from harness.config.experiment import ExperimentInfo
from harness.config.run import RunConfig
from harness.errors import ConfigError


@dataclass(frozen=True)
class Experiment:
    """One file of `conf/experiment`."""

    name: str
    """As in `experiment=NAME`."""
    info: ExperimentInfo
    config: RunConfig

    @property
    def gpu_hours(self) -> float:
        """At most: walltime x GPUs."""
        return self.info.hours * self.config.platform.gpus

    @property
    def checkpoint_gb(self) -> float:
        """Of the checkpoints on disk at once, 10^9 bytes."""
        config = self.config
        size = checkpoint_gb(config.model.path, config.trainer.steps, config.checkpoint.every, config.checkpoint.keep)
        assert size is not None, config.model.path
        return size

    def to_dict(self) -> dict[str, Any]:
        """What `entrocraft experiments --json` says of it."""
        config = self.config
        return {
            "experiment": self.name,
            "mark": self.info.mark,
            "reproduces": list(self.info.reproduces),
            "method": config.method.name,
            "model": config.model.path,
            "data": config.data.name,
            "steps": config.trainer.steps,
            "hours": self.info.hours,
            "gpus": config.platform.gpus,
            "gpu_hours": self.gpu_hours,
            "checkpoint_every": config.checkpoint.every,
            "checkpoint_gb": self.checkpoint_gb,
        }


def experiments() -> list[Experiment]:
    """Every shipped experiment, by name."""
    return [experiment(name) for name in options(ExperimentInfo.KEY)]


def experiment(name: str) -> Experiment:
    """The experiment of a name. Raises ConfigError: an unknown name, or one that says nothing about itself."""
    chosen = [f"{ExperimentInfo.KEY}={name}"]
    composed = compose("run", chosen)
    info = described(composed, chosen)
    if info is None:
        raise ConfigError("an experiment must say what it reproduces", f"{name!r}", "Give it a key `experiment`.")
    return Experiment(name, info, RunConfig.from_dict(composed))
