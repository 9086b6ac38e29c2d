"""From the launch settings of a command to a launcher and a policy: where `sweeps` and `slurm` are put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from harness.config import RunConfig
from harness.config.fit import check_fit
from harness.config.launch import LaunchConfig
from sweeps.jobs.ends import Cause
from sweeps.jobs.launcher import Launcher, LocalLauncher
from sweeps.jobs.policy import Policy
from sweeps.plan import Resolved, Resolver, resolve
from sweeps.snapshot import take

RETRIES = {
    Cause.ENDED: "error_retries",
    Cause.KILLED: "killed_retries",
    Cause.PREEMPTED: "preempted_retries",
    Cause.TIMEOUT: "timeout_retries",
    Cause.NODE_FAILURE: "node_failure_retries",
    Cause.OUT_OF_MEMORY: "out_of_memory_retries",
    Cause.OUT_OF_DISK: "out_of_disk_retries",
    Cause.CANCELLED: "cancelled_retries",
    Cause.VANISHED: "vanished_retries",
}
"""Why a job ended -> the setting that says how often its run is started again."""


def launcher_of(launch: LaunchConfig, study: str, folder: Path) -> Launcher:
    """The launcher of the settings, for the study of that name in that folder; for Slurm the code is copied there.

    Raises:
        StudyError: the code cannot be copied. ConfigError: the folder cannot be named in a job.
    """
    if launch.launcher == "local":
        return LocalLauncher()
    from slurm.launcher import SlurmLauncher

    folder.mkdir(parents=True, exist_ok=True)
    code = take(folder).path
    return SlurmLauncher(launch.resources, study, code, launch.stalled_attempts, launch.max_jobs)


def resolver_of(launch: LaunchConfig) -> Resolver:
    """The resolver of real runs; one that its job could not hold is refused, too."""
    if launch.launcher == "local":
        return resolve

    def fitting(overrides: Sequence[str]) -> Resolved:
        resolved = resolve(overrides)
        check_fit(RunConfig.from_dict(resolved.config), launch.resources)
        return resolved

    return fitting


def policy_of(launch: LaunchConfig) -> Policy:
    """How often a run is started again."""
    retry = dataclasses.asdict(launch.retry)
    restarts = {cause: retry[name] for cause, name in RETRIES.items()}
    restarts[Cause.ELSEWHERE] = launch.stalled_attempts  # it is not this run's fault
    wait = (retry["backoff_s"], retry["backoff_max_s"]) if launch.launcher == "slurm" else (0.0, 0.0)
    return Policy(restarts, launch.stalled_attempts, *wait)
