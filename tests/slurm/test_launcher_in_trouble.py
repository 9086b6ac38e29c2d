"""The launcher where Slurm, or the disk, lets it down: nothing is lost, nothing is started twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config.launch_file import load_launch
from harness.errors import BusyError, SchedulerError
from harness.runs.provenance import collect
from slurm.launcher import SlurmLauncher
from slurm.records import JobState, Limits, QueuedJob, ShownJob
from sweeps.jobs.ends import Cause
from sweeps.jobs.journal import Journal
from sweeps.plan import create_run
from tests.sweeps.fake_study import resolve

RESOURCES = load_launch(["launcher=slurm"]).resources


class Queue:
    """Slurm's commands with a queue that a test writes."""

    def __init__(self):
        self.jobs, self.cancelled, self.shown = [], [], None
        self.silent = self.stuck = False

    def squeue(self, user):
        if self.silent:
            raise SchedulerError("squeue must succeed", "no")
        return self.jobs

    def accounting(self, job_ids):
        return []

    def show_job(self, job_id):
        return self.shown

    def cancel(self, job_ids):
        if self.stuck:
            raise SchedulerError("scancel must succeed", "no")
        self.cancelled += job_ids

    def limits(self):
        return Limits(None, None, None, None)


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path / "t0000-s1", resolve([]), "title", collect())


@pytest.fixture
def launcher(queue, tmp_path):
    now = iter(range(10**6))
    return SlurmLauncher(
        RESOURCES, "study", tmp_path, commands=queue, submit=lambda text, job: "17", clock=lambda: float(next(now))
    )


def test_a_job_that_slurm_holds_for_ever_is_cancelled_and_over(launcher, queue, run):
    handle = launcher.start(run)
    queue.jobs = [QueuedJob("17", JobState.PENDING, "PENDING", "launch failed requeued held", handle.job, "")]
    launcher.refresh()
    queue.stuck = True
    assert handle.poll() is None, "it could not be cancelled"
    queue.stuck = False
    assert handle.poll().cause is Cause.NODE_FAILURE and queue.cancelled == ["17"]


def test_a_held_job_that_comes_back_after_it_was_cancelled_is_cancelled_until_it_is_gone(launcher, queue, run):
    """Seen: while its node cleaned up, Slurm took the scancel and held the job once more."""
    handle = launcher.start(run)
    queue.jobs = [QueuedJob("17", JobState.PENDING, "PENDING", "launch failed requeued held", handle.job, "")]
    launcher.refresh()
    assert handle.poll() is not None
    launcher.refresh()
    assert queue.cancelled == ["17", "17"]
    queue.jobs = []
    launcher.close()
    launcher.refresh()
    assert queue.cancelled == ["17", "17"]


def test_an_end_that_could_not_be_written_down_is_told_again(launcher, queue, run):
    handle = launcher.start(run)
    launcher.patience_s = 0.0
    launcher.refresh()
    launcher.refresh()
    assert handle.poll().cause is Cause.VANISHED
    launcher.refresh()
    assert handle.poll().cause is Cause.VANISHED


def test_an_id_that_a_crashed_controller_gives_away_again_is_another_job(launcher, queue, run, tmp_path):
    """It had not yet saved the first job when it was killed."""
    other = create_run(tmp_path / "t0001-s1", resolve([]), "title", collect())
    first, second = launcher.start(run), launcher.start(other)
    assert first.id == second.id
    queue.jobs = [QueuedJob("17", JobState.RUNNING, "RUNNING", "", second.job, "gpu1")]
    queue.shown = ShownJob("17", JobState.RUNNING, "RUNNING", 0, 0, 0, "gpu1", "", second.job)
    launcher.patience_s = 3.0
    while first.poll() is None:
        launcher.refresh()
        assert second.poll() is None
    assert first.poll().cause is Cause.VANISHED
    queue.jobs, queue.shown = [], replace(queue.shown, state=JobState.COMPLETED)
    launcher.refresh()
    assert second.poll().cause is Cause.ENDED


def test_a_submission_waits_where_slurm_does_not_say_what_is_queued(launcher, queue, run):
    Journal(run.path).start("ec-study-t0000-s1-00000000")
    queue.silent = True
    with pytest.raises(BusyError, match="squeue"):
        launcher.start(run)
    assert Path(Journal(run.path).path).read_text().count("start") == 1
    queue.silent, queue.stuck = False, True
    queue.jobs = [QueuedJob("16", JobState.PENDING, "PENDING", "", "ec-study-t0000-s1-00000000", "")]
    with pytest.raises(BusyError, match="scancel"):
        launcher.start(run)
    queue.stuck = False
    assert launcher.start(run).job != "ec-study-t0000-s1-00000000"
