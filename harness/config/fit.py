"""Whether a run fits the job that it is launched in."""

from __future__ import annotations

from harness.config.resources import ResourcesConfig
from harness.config.run import RunConfig
from harness.errors import ConfigError


def gpus_needed(config: RunConfig) -> int:
    """GPUs that the run uses: verl those of its platform, the torch backend one on the device cuda."""
    if config.backend == "verl":
        return config.platform.gpus if config.platform.name == "gpu" else 0
    return int(config.trainer.device == "cuda")


def check_fit(config: RunConfig, resources: ResourcesConfig) -> None:
    """Raises ConfigError: the job has fewer GPUs than its run uses, and would fail after its time in the queue."""
    needed = gpus_needed(config)
    if needed > resources.gpus_per_node:
        uses = "platform.gpus" if config.backend == "verl" else "trainer.device=cuda"
        raise ConfigError(
            f"a job must have the GPUs that its run uses ({uses})",
            f"resources.gpus_per_node {resources.gpus_per_node}, {needed} used",
            f"Set resources.gpus_per_node={needed}, or choose resources=NAME with as many.",
        )
