"""What a study may cost on Slurm, before anything is submitted. Pure.

What can be said in advance is the cost of an attempt: a job ends at its time limit at the latest. How many attempts a
run takes cannot: one that reaches its time limit, or is preempted, goes on in another job as long as it comes further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.config.checkpoint_size import checkpoint_gb
from harness.config.launch import LaunchConfig
from harness.config.study import StudyConfig

MINUTES_PER_HOUR = 60


@dataclass(frozen=True)
class Cost:
    """Of all runs of a study, from its beginning: runs that are complete already are not left out."""

    jobs: int
    """One a run, the driver's own not counted."""
    gpus_per_job: int
    cpus_per_job: int
    hours_per_job: float
    """The time limit."""
    further_jobs: int
    """Of promotions to further seeds, at most; they are not in `jobs`."""
    rungs: int
    """Of halving: at each of them a run ends its job, and goes on in another."""
    budget: float | None
    """Hours that the study may cost in all; None: no limit."""
    attempts: int
    """In a row without progress, after which a run is given up."""
    disk_gb: float
    """Of the checkpoints on disk at once, all runs together, 10^9 bytes, where the model's size is known."""
    jobs_of_unknown_size: int
    """Runs whose checkpoints are not in `disk_gb`."""

    @property
    def gpu_hours_per_job(self) -> float:
        return self.gpus_per_job * self.hours_per_job

    @property
    def gpu_hours(self) -> float:
        """At most, where each run ends within its first job, promotions included; of a budget, that and one job."""
        most = (self.jobs + self.further_jobs) * self.gpu_hours_per_job
        return most if self.budget is None else min(most, self.budget + self.gpu_hours_per_job)

    @property
    def gpu_hours_without_progress(self) -> float:
        """At most, where no job of any run comes further: each is tried `attempts` times, always to the time limit."""
        return self.attempts * self.gpu_hours

    @property
    def text(self) -> str:
        """Some lines for a person; what each "at most" means is said in them."""
        per_job = _number(self.gpus_per_job, "GPU") if self.gpus_per_job else _number(self.cpus_per_job, "CPU")
        lines = [f"{_number(self.jobs, 'job')}, one a run, of {per_job} for at most {self.hours_per_job:g} h each"]
        if self.further_jobs:
            lines.append(f"promotions to further seeds: at most {_number(self.further_jobs, 'job')} more")
        if self.budget is not None:
            unit = "GPU-hours" if self.gpus_per_job else "hours of jobs"
            lines.append(f"budget: nothing is started that does not fit into {self.budget:,.6g} {unit} in all")
            if self.gpu_hours_per_job > 0 and self.budget < self.gpu_hours_per_job:
                lines.append(f"  which is less than one job to its time limit, {self.gpu_hours_per_job:,.6g}")
        if self.rungs:
            lines.append(
                f"halving: a run that goes on behind a rung does so in another job, up to {self.rungs + 1} a run"
            )
        if self.gpus_per_job:
            lines += [
                f"GPU-hours: at most {self.gpu_hours:,.6g} if each run ends within one job; a run that is preempted or "
                f"reaches its time limit goes on in another, each at most {self.gpu_hours_per_job:,.6g} more",
                f"if no job comes further: at most {self.gpu_hours_without_progress:,.6g}, since a run is given up "
                f"after {_number(self.attempts, 'attempt')} in a row without progress",
            ]
        known = self.jobs - self.jobs_of_unknown_size
        if known:
            lines.append(f"checkpoints: at most {self.disk_gb:,.4g} GB on disk at once, of {_number(known, 'run')}")
        if self.jobs_of_unknown_size:
            lines.append(f"checkpoints of {_number(self.jobs_of_unknown_size, 'run')}: size of the model not known")
        return "\n".join(lines)


def cost(study: StudyConfig, launch: LaunchConfig, configs: Sequence[Mapping[str, Any]]) -> Cost:
    """The cost of the study's runs.

    Args:
        configs: the resolved configuration of each trial that is known in advance (`plan.resolved_points`). Trials
            still to be drawn are counted as jobs, their checkpoints as unknown.
    """
    seeds = len(study.seeds)
    sizes = [_checkpoint_gb(config) for config in configs]
    known = [size for size in sizes if size is not None]
    trials = len(configs) + study.n_trials
    jobs = seeds * trials
    return Cost(
        jobs=jobs,
        gpus_per_job=launch.resources.gpus_per_node,
        cpus_per_job=launch.resources.cpus_per_task,
        hours_per_job=launch.resources.walltime_min / MINUTES_PER_HOUR,
        further_jobs=study.promotion.further_runs(trials) if study.promotion is not None else 0,
        rungs=len(study.pruning.rungs),
        budget=study.budget,
        attempts=launch.stalled_attempts,
        disk_gb=seeds * sum(known),
        jobs_of_unknown_size=jobs - seeds * len(known),
    )


def _checkpoint_gb(config: Mapping[str, Any]) -> float | None:
    """None where the configuration has no model of known size, as those of other resolvers."""
    try:
        model, steps, kept = config["model"]["path"], config["trainer"]["steps"], config["checkpoint"]
        return checkpoint_gb(model, steps, kept["every"], kept["keep"])
    except KeyError:
        return None


def _number(count: int, of: str) -> str:
    return f"{count} {of}" if count == 1 else f"{count} {of}s"
