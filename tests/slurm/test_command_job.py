"""What runs inside the job of a driver or of an evaluation, in processes of its own: its command, signals, fences."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slurm.command_job import NAME_VARIABLE, CommandJob, Work
from slurm.starts import Starts
from sweeps.jobs.journal import Journal

CALL = "import pickle, sys; pickle.loads(bytes.fromhex(sys.argv[1]))()"
SIGNALLED = """
import pickle, signal, sys
job = pickle.loads(bytes.fromhex(sys.argv[1]))
def handler(number, frame):
    again = job.checkpoint()
    print(pickle.loads(pickle.dumps(again.function)).work == job.work, flush=True)
    sys.exit(0)
signal.signal(signal.SIGUSR2, handler)
job()
"""
WORKS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[1])))
print("works", sys.argv[2:], flush=True)
time.sleep(60)
"""
NAME = "ec-a"


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURMD_NODENAME", "gpu3")
    folder = tmp_path / "it's a job"
    folder.mkdir()
    Journal(folder).start(NAME)
    Journal(folder).known(NAME, "17")

    def work(*command, **more):
        log = str(tmp_path / "log")
        return Work(str(folder), NAME, (sys.executable, "-c", *command), log, unfinished=(3, -15), **more)

    return work


def start(work, code=CALL):
    job = CommandJob(work)
    command = [sys.executable, "-c", code, pickle.dumps(job).hex()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def begun(work):
    """Waits until the command has told that it works."""
    deadline = time.monotonic() + 30
    while "works" not in log(work):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def log(work):
    path = Path(work.log)
    return path.read_text() if path.exists() else ""


def codes(work):
    return [start.code for start in Starts(Path(work.folder)).all()]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 137])
def test_the_commands_exit_code_is_the_jobs(work, code):
    made = work(f"print('said'); raise SystemExit({code})")
    assert start(made).wait() == code
    assert codes(made) == [code] and log(made) == "said\n"


def test_a_command_that_is_killed_is_told_as_the_shell_does(work):
    made = work("import os; os.kill(os.getpid(), 9)")
    assert start(made).wait() == 128 + 9


def test_the_command_knows_its_job_and_what_is_for_the_first_start_comes_once(work):
    made = work(f"import os, sys; print(os.environ['{NAME_VARIABLE}'], sys.argv[1:])", once=("--retry-failed",))
    start(made).wait()
    start(made).wait()
    assert log(made) == f"{NAME} ['--retry-failed']\n{NAME} []\n"


def test_before_the_time_limit_the_command_ends_and_the_job_comes_back(work):
    made = work(WORKS, "3")
    job = start(made, SIGNALLED)
    begun(made)
    job.send_signal(signal.SIGUSR2)
    said, error = job.communicate(timeout=30)
    assert (job.returncode, said) == (0, "True\n"), error
    assert codes(made) == [128 + signal.SIGUSR2]


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_that_was_over_when_it_was_asked_does_not_come_back(work, code):
    made = work(WORKS, str(code))
    job = start(made, SIGNALLED)
    begun(made)
    job.send_signal(signal.SIGUSR2)
    said, error = job.communicate(timeout=30)
    assert (job.returncode, said) == (code, ""), error


def test_a_job_that_is_cancelled_ends_its_command_and_says_so(work):
    made = work(WORKS, "3")
    job = start(made)
    begun(made)
    job.terminate()
    assert job.wait(timeout=30) == 128 + signal.SIGTERM == codes(made)[0]


def test_a_job_that_a_newer_one_has_superseded_does_nothing(work):
    made = work("print('never')")
    Journal(Path(made.folder)).start("ec-b")
    assert start(made).wait() == 6
    assert codes(made) == [] and log(made) == ""


def test_a_job_waits_until_its_submitter_has_written_down_its_id(work):
    made = work("print('works')")
    (Path(made.folder) / "jobs.jsonl").unlink()
    Journal(Path(made.folder)).start(NAME)
    job = start(made)
    time.sleep(1.0)
    assert job.poll() is None and log(made) == ""
    Journal(Path(made.folder)).known(NAME, "17")
    assert job.wait(timeout=30) == 0 and log(made) == "works\n"


def test_the_command_does_not_outlive_the_job(work):
    made = work("import os, time; print('works', os.getpid(), flush=True); time.sleep(60)")
    job = start(made)
    begun(made)
    job.kill()
    job.wait()
    pid, deadline = int(log(made).split()[1]), time.monotonic() + 30
    while _alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
