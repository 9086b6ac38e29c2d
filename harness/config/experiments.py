"""The shipped experiments: what each reproduces, and what it may cost at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.config.compose import compose, described, options
from harness.config.experiment import ExperimentInfo
from harness.config.run import RunConfig
from harness.errors import ConfigError

PARAMETERS = {
    "Qwen/Qwen3-4B-Base": 4_022_468_096,
    "Qwen/Qwen3-8B-Base": 8_190_735_360,
    "Qwen/Qwen3-14B-Base": 14_768_307_200,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
}
"""Parameters of the models of the paper, tied ones once."""
BYTES_PER_PARAMETER = 4 + 2 * 4
"""Of a verl checkpoint: weights and AdamW's two moments, all of them float32."""
GIGABYTE = 10**9


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
        """Of the checkpoints on disk at once, 10^9 bytes. The only one is removed once the next is whole."""
        kept = max(2, self.config.checkpoint.keep)
        return min(kept, self._checkpoints) * PARAMETERS[self.config.model.path] * BYTES_PER_PARAMETER / GIGABYTE

    @property
    def _checkpoints(self) -> int:
        """That the run writes, the one after its last step included."""
        return -(-self.config.trainer.steps // self.config.checkpoint.every)

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
