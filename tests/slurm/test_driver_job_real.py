"""The driver as a job of a real cluster, and in the background of its login node: the study ends all the same."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_study

from slurm.starts import Starts
from sweeps.jobs.driver_job import FOLDER, driver_job
from sweeps.jobs.journal import Journal
from sweeps.status import study_status

pytestmark = pytest.mark.needs("slurm")
ROOT = Path(__file__).parents[2]
SECONDS = 300


@pytest.fixture
def sweep(slurm_cluster, tmp_path, monkeypatch):
    """Starts the sweep of a study of one run of `steps` steps; its exit code, output and errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("SLURM_CONF", str(slurm_cluster.settings.conf))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)

    def sweep(*more, steps=2):
        words = [*small_study.write(tmp_path, steps, trials=1), "resources.partition=low", *more]
        command = [sys.executable, "-m", "harness.cli.main", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        return done.returncode, done.stdout, done.stderr

    yield sweep
    slurm_cluster.cancel_all()


@pytest.fixture
def study(tmp_path):
    return tmp_path / "studies" / "small"


def test_a_driver_job_that_is_asked_to_end_comes_back_and_finishes_the_study(sweep, study, slurm_cluster):
    code, said, error = sweep("driver=slurm", steps=4)
    assert code == 0, error
    job = driver_job(study)
    assert f"job {job.id}" in said
    runs = study / "runs"
    until(lambda: Journal(runs / "t0000-s1").open_job() is not None)
    before = {path.name: [each.job for each in Journal(path).jobs()] for path in runs.iterdir()}
    slurm_cluster.run(["scancel", "--signal=USR2", job.id])  # what Slurm sends before the time limit
    until(lambda: len(Starts(study / FOLDER).all()) == 2)
    assert Starts(study / FOLDER).all()[0].code == 128 + 12
    until(lambda: complete(study))
    assert {path.name: [each.job for each in Journal(path).jobs()] for path in runs.iterdir()} == before
    until(lambda: Starts(study / FOLDER).all()[-1].code is not None)
    starts = Starts(study / FOLDER).all()
    assert [(start.restart, start.code) for start in starts] == [(0, 140), (1, 0)]
    until(lambda: job.id not in slurm_cluster.run(["squeue", "--noheader", "--format=%i"]).stdout.split())


def test_a_detached_driver_finishes_the_study_after_its_login_has_ended(sweep, study):
    code, said, error = sweep("--detach")
    assert code == 0, error
    pid = int(said.split("driver: process ")[1].split(",")[0])
    assert os.getsid(pid) == pid
    until(lambda: complete(study))
    until(lambda: study_status(study).driver is None)
    assert "1 of 1 trials complete" in (study / "driver.log").read_text()


def test_a_partition_that_is_not_there_is_told_and_nothing_is_left_in_the_journals(sweep, study):
    code, _, error = sweep("resources.partition=nope")
    assert code == 2 and "Set resources.partition to one that `sinfo` lists" in error
    assert all(Journal(path).jobs() == [] for path in (study / "runs").iterdir())


def complete(study):
    return [trial.state for trial in study_status(study).trials] == ["complete"]


def until(look):
    deadline = time.monotonic() + SECONDS
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.2)
