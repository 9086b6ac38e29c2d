"""The `retry` group: after which ends a run is started again, and how long that waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import count, number
from harness.config.group import Group
from harness.errors import ConfigError


@dataclass(frozen=True)
class RetryConfig(Group):
    """How many restarts a run gets after an end of each cause, counted since it last came further.

    A restart goes on from the newest checkpoint. One that follows progress is not counted, so that a long run may
    be preempted a hundred times; `stalled_attempts` of the launch settings ends a row without progress of any causes.
    """

    KEY: ClassVar[str] = "retry"

    preempted_retries: int = count(0, 5)
    """Slurm gave the node to another job."""
    timeout_retries: int = count(0, 2)
    """The job reached its time limit. Again and again without progress: the limit is too short for a checkpoint."""
    node_failure_retries: int = count(0, 5)
    """The node failed, or did not start the job."""
    killed_retries: int = count(0, 1)
    """A signal that nobody owned up to ended the process."""
    cancelled_retries: int = count(0, 2)
    """Somebody cancelled the job, and not through the harness."""
    out_of_memory_retries: int = count(0, 0)
    """The job asked for more than resources.mem_gb: it will again."""
    out_of_disk_retries: int = count(0, 3)
    """The disk was full; it may have been emptied since."""
    vanished_retries: int = count(0, 3)
    """Neither the queue nor the accounting knows the job any more."""
    error_retries: int = count(0, 0)
    """The run recorded a failure of its own. `--retry-failed` gives it another try."""
    backoff_s: float = number(at_least=0, example=30)
    """Seconds before the first restart without progress; each further one waits twice as long."""
    backoff_max_s: float = number(at_least=0, example=1800)
    """The longest wait, seconds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.backoff_max_s < self.backoff_s:
            raise ConfigError(
                "retry.backoff_max_s must be at least retry.backoff_s",
                f"backoff_max_s {self.backoff_max_s:g}, backoff_s {self.backoff_s:g}",
                f"Set retry.backoff_max_s={self.backoff_s:g} or more.",
            )
