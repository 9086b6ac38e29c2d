"""The `driver_resources` group: what the job of a study's driver asks for, with `driver=slurm`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from harness.config.fields import count, matching, within
from harness.config.group import Group
from harness.config.resources import FEATURES, LONGEST_SIGNAL_S, NAMES, NAMES_TEXT, ResourcesConfig
from harness.errors import ConfigError


@dataclass(frozen=True)
class DriverResourcesConfig(Group):
    """Of the driver's job. It comes back after its time limit until the study is over: a short limit does no harm."""

    KEY: ClassVar[str] = "driver_resources"

    cpus_per_task: int = count(1, 1)
    mem_gb: int = count(1, 4)
    """In units of 1024 MB."""
    walltime_min: int = count(1, 1440)
    """Minutes; at most what the partition allows."""
    partition: str | None = matching(NAMES, NAMES_TEXT, "cpu")
    """null = that of the runs' jobs; so are account and qos."""
    account: str | None = matching(NAMES, NAMES_TEXT, "mylab")
    qos: str | None = matching(NAMES, NAMES_TEXT, "normal")
    constraint: str | None = matching(FEATURES, NAMES_TEXT + " & | * [ ] ( )", "login")
    """Features that the node must have; null = none: those of the runs are of GPU nodes."""
    signal_before_end_s: int = within(1, LONGEST_SIGNAL_S, 120)
    """Seconds before the time limit at which the driver ends and its job goes back into the queue."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.walltime_min * 60 <= self.signal_before_end_s:
            raise ConfigError(
                "driver_resources.walltime_min must be longer than driver_resources.signal_before_end_s",
                f"{self.walltime_min} min ({self.walltime_min * 60} s), {self.signal_before_end_s} s",
                f"Set driver_resources.walltime_min={self.signal_before_end_s // 60 + 10}.",
            )

    def job(self, runs: ResourcesConfig) -> ResourcesConfig:
        """As the resources of a job without GPUs, its shell set up as that of the runs' jobs."""
        return replace(
            runs,
            gpus_per_node=0,
            gpu_type=None,
            cpus_per_task=self.cpus_per_task,
            mem_gb=self.mem_gb,
            walltime_min=self.walltime_min,
            partition=self.partition or runs.partition,
            account=self.account or runs.account,
            qos=self.qos or runs.qos,
            constraint=self.constraint,
            signal_before_end_s=self.signal_before_end_s,
            requeue=True,
        )
