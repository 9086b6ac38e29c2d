"""submitit itself, unchanged, on the fake commands: it does what it was seen to do on a real cluster."""

import os
import sys
from pathlib import Path

import pytest
import submitit
from checkpointable import Waits, fail
from submitit.core.utils import FailedJobError

from slurm.commands import SlurmCommands
from slurm.records import JobState
from tests.fake_slurm.cluster import wait_for

SLURM = SlurmCommands()


@pytest.fixture
def executor(fake_slurm, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.chdir(fake_slurm.folder)
    made = submitit.SlurmExecutor(folder=fake_slurm.folder / "log", python=f"'{sys.executable}'")
    made.update_parameters(time=60, use_srun=True, job_name="ec-submitit")
    return made


def result(job):
    """submitit asks accounting every 10 minutes unless it is forced to."""
    wait_for(lambda: str(job.watcher.is_done(job.job_id, mode="force")), ("True",), f"job {job.job_id}", 60)
    return job.result()


def test_a_result_comes_back(executor):
    job = executor.submit(os.getenv, "SLURM_JOB_NAME")
    assert result(job) == "ec-submitit"


def test_an_exception_comes_back(executor):
    with pytest.raises(FailedJobError, match="it was to fail"):
        result(executor.submit(fail))


def test_a_preempted_job_checkpoints_is_requeued_and_goes_on(executor, fake_slurm):
    fake_slurm.set(grace_s=60, kill_wait_s=30)
    job = executor.submit(Waits())
    wait_for(lambda: str((fake_slurm.folder / "began-0").exists()), ("True",), "its first start", 60)
    fake_slurm.preempt(job.job_id)
    assert result(job) == f"start 1 of {job.job_id}"
    fake_slurm.wait(job.job_id, "COMPLETED")  # its result is there before its end
    assert [row.state for row in SLURM.accounting([job.job_id])] == [JobState.REQUEUED, JobState.COMPLETED]
