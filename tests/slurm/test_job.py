"""What runs inside a job, in processes of its own: the run's process, signals, requeues, fences."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.runs import RunState
from harness.runs.provenance import collect
from slurm.job import RunJob
from slurm.starts import JobStart, Starts
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import Journal
from sweeps.plan import create_run
from tests.sweeps.fake_study import resolve

FAKE_RUN = (sys.executable, str(Path(__file__).parents[1] / "sweeps" / "fake_run.py"))
CALL = "import pickle, sys; pickle.loads(bytes.fromhex(sys.argv[1]))()"


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURMD_NODENAME", "gpu3")

    def make(*overrides):
        return create_run(tmp_path / "t0000-s1", resolve(overrides), "title", collect())

    return make


def call(run, name="ec-a", stalled=5):
    job = RunJob(str(run.path), name, stalled, FAKE_RUN)
    return subprocess.Popen([sys.executable, "-c", CALL, pickle.dumps(job).hex()], stderr=subprocess.PIPE, text=True)


def until_step(run, step):
    deadline = time.monotonic() + 30
    while (last := run.last_record()) is None or last["step"] < step:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def starts(run):
    return [(start.job, start.id, start.node, start.step, start.code) for start in Starts(run.path).all()]


def test_a_run_is_executed_and_its_exit_code_is_the_jobs(make):
    run = make("steps=4")
    assert call(run).wait() == 0
    assert run.is_done() and starts(run) == [("ec-a", "17", "gpu3", 0, 0)]


@pytest.mark.parametrize("overrides, code", [(["fail_at=3"], 1), (["die_at=3"], 139), (["kill_at=3"], 128 + 9)])
def test_how_the_run_ends_is_how_the_job_ends(make, overrides, code):
    run = make(*overrides)
    assert call(run).wait() == code
    assert starts(run)[0][-1] == code


def test_sigterm_stops_the_run_with_a_checkpoint_and_is_no_wish_of_anybody(make):
    run = make("steps=300", "step_s=0.02")
    job = call(run)
    until_step(run, 3)
    job.send_signal(signal.SIGTERM)
    assert job.wait() == 128 + signal.SIGTERM
    assert run.manifest()["state"] is RunState.STOPPED and run.latest_checkpoint() >= 3
    assert not run.stop_requested()


def test_somebodys_stop_request_is_his_and_survives_a_restart_of_the_job(make):
    run = make("steps=300", "step_s=0.02")
    run.request_stop("somebody")
    assert call(run).wait() == 3
    run.request_stop("job")
    job = call(run)
    until_step(run, 3)
    assert run.stop_asker() is None, "the job withdrew its own"
    run.request_stop()
    assert job.wait() == 3


def test_an_older_job_does_nothing(make):
    run = make("steps=4")
    journal = Journal(run.path)
    journal.start("ec-a")
    journal.start("ec-b")
    job = call(run, "ec-a")
    assert job.wait() == 6 and "newer job, ec-b" in job.stderr.read()
    assert starts(run) == [] and run.last_record() is None
    assert call(run, "ec-b").wait() == 0


def test_a_crash_loop_that_slurm_requeues_is_ended_by_the_job(make):
    run = make("kill_at=3", "steps=9")
    codes = [call(run, stalled=2).wait() for _ in range(5)]
    assert codes == [137, 137, 137, 137, 8]
    assert len(run.manifest()["attempts"]) == 4


def test_the_end_of_a_run_survives_a_job_that_is_killed(make):
    """The child hears of it and stops with a checkpoint, as far as it gets time."""
    run = make("steps=300", "step_s=0.02")
    job = call(run)
    until_step(run, 3)
    job.kill()
    assert job.wait() == -9
    job = call(run)  # waits for the lock of the dying run, if need be
    until_step(run, 30)
    assert [attempt["outcome"] for attempt in run.manifest()["attempts"]][:-1] in (["killed"], ["stopped"])
    job.terminate()
    assert job.wait() == 128 + signal.SIGTERM
    pids = (run.path / "pulse").read_text().split()
    assert pids == sorted(pids, key=pids.index), "two processes were at work at once"


def test_a_job_that_a_full_disk_keeps_from_beginning_says_so(make):
    """Also where its own log takes nothing."""
    run = make("steps=4")
    full = "import errno, os; from slurm.starts import Starts\n"
    full += "def refuse(self, start): raise OSError(errno.ENOSPC, 'no room')\nStarts.begin = refuse\n"
    job = pickle.dumps(RunJob(str(run.path), "ec-a", 5, FAKE_RUN)).hex()
    with open("/dev/full", "wb") as log:
        done = subprocess.run([sys.executable, "-c", full + CALL, job], stderr=log)
    assert done.returncode == 5 and run.last_record() is None


def test_an_unended_line_is_left_out(tmp_path):
    starts = Starts(tmp_path)
    starts.begin(JobStart("ec-a", "17", 0, "gpu1", 1.0, 0))
    with starts.path.open("ab") as file:
        file.write(b'{"event": "en')
    assert len(starts.all()) == 1
    starts.end(3)
    assert [start.code for start in starts.all()] == [3]


def test_idle_starts_are_counted_since_the_last_progress(tmp_path):
    starts = Starts(tmp_path)
    idle = []
    for step in (0, 0, 5, 5, 5, 8):
        starts.begin(JobStart("ec-a", "17", 0, "gpu1", 1.0, step))
        idle.append(starts.idle())
    assert idle == [0, 1, 0, 1, 2, 0]


def test_the_name_of_a_job_is_found_in_the_journal_whatever_its_end(tmp_path):
    journal = Journal(tmp_path)
    journal.start("ec-a")
    journal.end("ec-a", End(Cause.KILLED, -9), 3)
    assert journal.jobs()[-1].job == "ec-a" and os.listdir(tmp_path) == ["jobs.jsonl"]


def test_the_job_of_a_cancelled_run_does_nothing(make):
    run = make("steps=4")
    run.cancel("by lena")
    job = call(run)
    assert "the run is cancelled by lena" in job.communicate()[1]
    assert job.returncode == 3 and starts(run) == [] and not run.manifest()["attempts"]
