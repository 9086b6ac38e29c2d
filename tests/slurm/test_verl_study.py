"""The product's own sentence: a study on the real verl, as jobs of a real Slurm, one of them preempted.

Optuna draws schedule family and gamma; verl, vLLM, FSDP2 and Ray run on the CPU; the figures come from the folders.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.runs import RunFolder
from harness.runs.metrics import read_records
from slurm.starts import Starts
from sweeps.status import study_status
from tests.testbed import Cluster, cluster
from tests.verl.verl_environment import ROOT, python

pytestmark = [pytest.mark.needs("slurm"), pytest.mark.needs("verl"), pytest.mark.timeout(1500)]

STEPS = 30
"""A step takes about a second: the preemption, some seconds after the first one, must not come too late."""
STUDY = f"""
name: families
title: Schedule family and gamma
seeds: [1]
parallel: 1
sampler: random
n_trials: 2
objective: {{metric: control/tracking_error, direction: minimize}}
base: [backend=verl, platform=cpu, method=entrocraft, schedule.start=0.5, schedule.end=0.3, trainer.steps={STEPS},
  trainer.prompts_per_step=4, trainer.rollouts_per_prompt=4, trainer.epochs=1, trainer.mini_batches=2,
  validation.problems=8, validation.samples=2, "validation.pass_k=[1,2]", validation.every={STEPS},
  checkpoint.every={STEPS}]
space:
  schedule: {{choices: [linear, cosine]}}
  method.gamma: {{choices: [10, inf]}}
"""
LAUNCH = ["launcher=slurm", "resources.partition=low", "resources.cpus_per_task=16", "resources.mem_gb=8", "poll_s=1"]


@pytest.fixture(scope="module")
def grace() -> Iterator[Cluster]:
    """A cluster whose preempted jobs have as long for a checkpoint as verl may need on a busy machine."""
    with (
        tempfile.TemporaryDirectory(prefix="ec-verl-", dir="/tmp") as folder,  # a short path, as sockets want it
        cluster(Path(folder), nodes=2, grace_time_s=240) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def study(grace: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished study, in which the first job was preempted after its first step."""
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "families.yaml").write_text(STUDY)
    command = [str(python()), "-m", "harness.cli.main", "sweep", "study=families.yaml", *LAUNCH]
    with (folder / "sweep.log").open("wb") as log:
        sweep = subprocess.Popen(
            command, cwd=folder, env={**grace.environment, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
    run = RunFolder(folder / "studies" / "families" / "runs" / "t0000-s1")
    try:
        while sweep.poll() is None and ((last := run.last_record()) is None or last["step"] < 1):
            time.sleep(0.2)
        node = Starts(run.path).all()[-1].node
        wants = ["--partition=high", "--exclusive", f"--nodelist={node}", "--output=/dev/null"]
        grace.run(["sbatch", *wants, "--wrap", "sleep 5"])
        assert sweep.wait(timeout=1200) == 0, (folder / "sweep.log").read_text()[-4000:]
    finally:
        if sweep.poll() is None:
            sweep.kill()
    return folder / "studies" / "families"


def test_the_preempted_job_was_requeued_and_its_run_resumed(study: Path) -> None:
    run = RunFolder(study / "runs" / "t0000-s1")
    first, second = Starts(run.path).all()
    assert (first.id, first.restart, second.restart) == (second.id, 0, 1), "one job, started twice"
    stopped, complete = run.manifest()["attempts"]
    assert stopped["outcome"] == "stopped" and 1 <= stopped["to_step"] < STEPS
    assert (complete["outcome"], complete["from_step"]) == ("complete", stopped["to_step"])


def test_its_metrics_are_continuous(study: Path) -> None:
    records = read_records(study / "runs" / "t0000-s1" / "metrics.jsonl")
    assert [record["step"] for record in records] == list(range(STEPS + 1))
    assert {record["attempt"] for record in records} == {1, 2}


def test_every_trial_has_a_value_and_one_job(study: Path) -> None:
    status = study_status(study)
    assert [trial.state for trial in status.trials] == ["complete", "complete"]
    assert all(trial.value is not None for trial in status.trials)
    assert [len(Starts(Path(trial.runs[0].path)).all()) for trial in status.trials] == [2, 1]
    for trial in status.trials:
        jobs = [json.loads(line) for line in (Path(trial.runs[0].path) / "jobs.jsonl").read_text().splitlines()]
        assert [job["event"] for job in jobs] == ["start", "known", "end"] and jobs[-1]["exit_code"] == 0


def test_the_figures_are_drawn_from_its_folders(study: Path, tmp_path: Path) -> None:
    command = [str(python()), "-m", "harness.cli.main", "figures", str(study), "--out", str(tmp_path / "figures")]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=200)
    assert (tmp_path / "figures" / "entropy.png").stat().st_size > 5000
