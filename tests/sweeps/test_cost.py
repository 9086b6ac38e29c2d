"""What a study may cost: in closed form, and in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.config.checkpoint_size import checkpoint_gb
from harness.config.launch_file import load_launch
from harness.config.space import Range
from harness.config.study_file import load_study
from sweeps.budget.cost import cost
from sweeps.plan import points, resolve, resolved_points

LAUNCH = load_launch(["launcher=slurm", "resources=h100x8", "resources.walltime_min=90", "stalled_attempts=3"])
QWEN = {"model": {"path": "Qwen/Qwen3-4B-Base"}, "trainer": {"steps": 25}, "checkpoint": {"every": 10, "keep": 1}}


def test_gpu_hours_are_jobs_times_gpus_times_the_time_limit() -> None:
    study = load_study("demo", ["seeds=[1,2,3]"])
    found = cost(study, LAUNCH, resolved_points(study, resolve))
    jobs = 3 * len(points(study))
    assert (found.jobs, found.hours_per_job, found.gpu_hours_per_job) == (jobs, 1.5, 12)
    assert (found.gpu_hours, found.gpu_hours_without_progress) == (12 * jobs, 3 * 12 * jobs)
    assert found.jobs_of_unknown_size == 0


def test_disk_is_that_of_every_run_where_the_size_is_known() -> None:
    study = load_study("demo", ["seeds=[1,2]"])
    unknown = {**QWEN, "model": {"path": "/models/mine"}}
    found = cost(study, LAUNCH, [QWEN, unknown, {"other": 1}])
    assert found.disk_gb == pytest.approx(2 * 2 * 4.022468096 * 12)
    assert (found.jobs, found.jobs_of_unknown_size) == (6, 4)


@pytest.mark.parametrize(
    ("model", "steps", "every", "keep", "checkpoints"),
    [
        ("Qwen/Qwen3-4B-Base", 25, 10, 1, 2),
        ("/data/models/Qwen/Qwen3-4B-Base", 25, 10, 1, 2),
        ("Qwen/Qwen3-4B-Base", 5, 10, 1, 1),  # the last step's alone
        ("Qwen/Qwen3-4B-Base", 100, 10, 3, 4),
        ("Qwen/Qwen3-4B-Base", 20, 10, 3, 2),
        ("Qwen3-4B-Base", 25, 10, 1, None),
        ("/data/Qwen", 25, 10, 1, None),
    ],
)
def test_checkpoints_on_disk_at_once(model: str, steps: int, every: int, keep: int, checkpoints: int | None) -> None:
    size = checkpoint_gb(model, steps, every, keep)
    assert size == (None if checkpoints is None else pytest.approx(checkpoints * 4.022468096 * 12))


def test_trials_still_to_be_drawn_are_jobs_of_unknown_size() -> None:
    study = replace(load_study("demo"), space=(Range("trainer.lr", 1e-5, 1e-3),), n_trials=5)
    found = cost(study, LAUNCH, [QWEN])
    assert (found.jobs, found.jobs_of_unknown_size) == (6, 5)


def test_the_text_says_what_each_bound_means() -> None:
    study = load_study("demo", ["seeds=[1,2]"])
    assert cost(study, LAUNCH, [QWEN, {}]).text.splitlines() == [
        "4 jobs, one a run, of 8 GPUs for at most 1.5 h each",
        "GPU-hours: at most 48 if each run ends within one job; a run that is preempted or reaches its time limit goes "
        "on in another, each at most 12 more",
        "if no job comes further: at most 144, since a run is given up after 3 attempts in a row without progress",
        "checkpoints: at most 193.1 GB on disk at once, of 2 runs",
        "checkpoints of 2 runs: size of the model not known",
    ]


def test_without_gpus_there_are_no_gpu_hours() -> None:
    found = cost(load_study("demo"), load_launch(["launcher=slurm"]), [QWEN])
    assert found.gpu_hours == 0
    assert found.text.splitlines()[0] == "1 job, one a run, of 2 CPUs for at most 2 h each"
    assert "GPU" not in found.text
