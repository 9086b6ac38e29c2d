"""What the harness relies on when it asks Slurm, on fake commands and on a real cluster: the same tests for both."""

from __future__ import annotations

import getpass
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import InputError, SchedulerError
from slurm.commands import Commands, SlurmCommands
from slurm.records import JobState, ShownJob
from tests.fake_slurm.cluster import birth

STEP = Path(__file__).with_name("step.py")
PATIENCE_S = 60.0
"""A real cluster holds a requeued job back for some seconds, and its accounting lags."""


@pytest.fixture(
    params=[
        pytest.param("fake_slurm", id="fake"),
        pytest.param("slurm_cluster", id="real", marks=pytest.mark.needs("slurm")),
    ]
)
def commands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """`slurm_cluster` makes the commands of a real one work in this process's environment (PATH, SLURM_CONF)."""
    cluster = request.getfixturevalue(request.param)
    if request.param == "slurm_cluster":
        monkeypatch.setenv("SLURM_CONF", cluster.environment["SLURM_CONF"])
    yield SlurmCommands()


class Submitted:
    """Submits scripts whose marks appear in a folder, and cancels what is left of them."""

    def __init__(self, folder: Path, commands: Commands) -> None:
        self.folder, self.commands, self.ids = folder, commands, []

    def __call__(self, script: str, *options: str) -> str:
        path = self.folder / f"script{len(self.ids)}.sh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        command = ["sbatch", "--parsable", f"--chdir={self.folder}", "--output=out.txt", *options, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        self.ids.append(done.stdout.strip())
        return self.ids[-1]

    def shown(self, job_id: str) -> ShownJob:
        shown = self.commands.show_job(job_id)
        assert shown is not None
        return shown

    def until(self, job_id: str, *states: JobState) -> ShownJob:
        eventually(lambda: self.shown(job_id).state in states, lambda: f"{self.shown(job_id)}")
        return self.shown(job_id)


@pytest.fixture
def submit(tmp_path: Path, commands: Commands) -> Iterator[Submitted]:
    submitted = Submitted(tmp_path, commands)
    yield submitted
    commands.cancel(submitted.ids)


def eventually(holds: Callable[[], bool], found: Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, found()
        time.sleep(0.1)


def accounted(commands: Commands, job_id: str, attempts: int, state: JobState):
    """Its attempts, once accounting has caught up."""

    def caught_up() -> bool:
        rows = commands.accounting([job_id])
        return len(rows) == attempts and rows[-1].state is state

    eventually(caught_up, lambda: f"{commands.accounting([job_id])}")
    return commands.accounting([job_id])


def test_a_job_waits_runs_and_completes(commands, submit):
    job_id = submit("while [ ! -e go ]; do sleep 0.1; done", "--job-name=ec-study-run-0123abcd")
    submit.until(job_id, JobState.RUNNING)
    (queued,) = [job for job in commands.squeue(getpass.getuser()) if job.job_id == job_id]
    assert (queued.state, queued.name) == (JobState.RUNNING, "ec-study-run-0123abcd")
    assert queued.node and queued.node == submit.shown(job_id).node
    before = time.time()
    (submit.folder / "go").touch()
    submit.until(job_id, JobState.COMPLETED)
    assert job_id not in [job.job_id for job in commands.squeue(getpass.getuser())]
    (row,) = accounted(commands, job_id, 1, JobState.COMPLETED)
    assert (row.exit_code, row.signal, row.nodes) == (0, 0, queued.node)
    assert row.submitted <= row.started <= row.ended and abs(row.ended - before) < PATIENCE_S


def test_a_job_that_is_held_back_says_why(commands, submit):
    job_id = submit("true", "--hold")
    (queued,) = [job for job in commands.squeue(getpass.getuser()) if job.job_id == job_id]
    assert (queued.state, queued.reason, queued.node) == (JobState.PENDING, "JobHeldUser", "")


def test_the_exit_code_is_kept(commands, submit):
    job_id = submit("exit 3")
    assert submit.until(job_id, JobState.FAILED).exit_code == 3
    (row,) = accounted(commands, job_id, 1, JobState.FAILED)
    assert (row.exit_code, row.signal) == (3, 0)


def test_accounting_takes_128_off_an_exit_code_and_the_controller_does_not(commands, submit):
    job_id = submit("exit 137")
    assert submit.until(job_id, JobState.FAILED).exit_code == 137
    assert accounted(commands, job_id, 1, JobState.FAILED)[0].exit_code == 9


def test_a_script_that_a_signal_ends_has_the_signal(commands, submit):
    job_id = submit("kill -KILL $$")
    shown = submit.until(job_id, JobState.FAILED)
    assert (shown.exit_code, shown.signal) == (0, 9)
    assert accounted(commands, job_id, 1, JobState.FAILED)[0].signal == 9


def test_output_that_cannot_be_opened_fails_the_job(commands, submit):
    job_id = submit("true", "--output=/no/such/folder/out")
    submit.until(job_id, JobState.FAILED)
    (row,) = accounted(commands, job_id, 1, JobState.FAILED)
    assert (row.exit_code, row.signal) == (0, 53)


def test_a_running_job_is_cancelled_with_what_it_started(commands, submit):
    job_id = submit("sleep 1000 & echo $! > new && mv new pid; wait")
    pid = submit.folder / "pid"
    eventually(pid.exists, lambda: "it did not begin")
    commands.cancel([job_id])
    submit.until(job_id, JobState.CANCELLED)
    (row,) = accounted(commands, job_id, 1, JobState.CANCELLED)
    assert row.state_text.startswith("CANCELLED by ") and row.started is not None
    assert birth(pid.read_text().strip()) is None


def test_a_signal_for_the_steps_reaches_every_process_of_them_and_not_the_script(commands, submit):
    step = f"{sys.executable} -S {shlex.quote(str(STEP))} ignore"
    child = shlex.quote(f"trap '' USR2; setsid {step} & wait")
    job_id = submit(f"trap 'touch script-heard-it' USR2; srun sh -c {child}")
    heard = submit.folder / f"heard-{job_id}"
    eventually(heard.exists, lambda: "it did not begin")
    subprocess.run(["scancel", "--signal=USR2", job_id], check=True)
    eventually(lambda: heard.read_text().split() == ["start", "USR2"], heard.read_text)
    assert submit.shown(job_id).state is JobState.RUNNING
    assert not (submit.folder / "script-heard-it").exists()


def test_a_waiting_job_is_cancelled_and_never_began(commands, submit):
    job_id = submit("touch began", "--hold")
    commands.cancel([job_id])
    submit.until(job_id, JobState.CANCELLED)
    (row,) = accounted(commands, job_id, 1, JobState.CANCELLED)
    assert row.started in (None, row.ended) and row.elapsed_s == 0
    assert not (submit.folder / "began").exists()


def test_a_requeued_job_keeps_its_id_and_counts_its_starts(commands, submit):
    script = 'echo "start ${SLURM_RESTART_COUNT:-0} of $SLURM_JOB_ID" >> starts; [ -n "$SLURM_RESTART_COUNT" ] || '
    job_id = submit(f"{script} sleep 1000", "--job-name=ec-requeue")
    starts = submit.folder / "starts"
    eventually(starts.exists, lambda: "it did not begin")
    commands.requeue(job_id)
    assert submit.shown(job_id).restarts == 1
    assert submit.until(job_id, JobState.COMPLETED).restarts == 1
    assert starts.read_text() == f"start 0 of {job_id}\nstart 1 of {job_id}\n"
    first, second = accounted(commands, job_id, 2, JobState.COMPLETED)
    assert first.state is JobState.REQUEUED and first.ended <= second.started
    assert {first.name, second.name} <= {"ec-requeue", "allocation"}


def test_a_job_that_is_cancelled_while_a_requeue_kills_it_is_cancelled_for_the_controller_only(commands, submit):
    job_id = submit("trap '' TERM; touch began; while :; do sleep 0.1; done")
    eventually((submit.folder / "began").exists, lambda: "it did not begin")
    accounted(commands, job_id, 1, JobState.RUNNING)
    commands.requeue(job_id)
    assert submit.shown(job_id).state is JobState.COMPLETING
    commands.cancel([job_id])
    assert submit.until(job_id, JobState.CANCELLED).restarts == 1
    accounted(commands, job_id, 1, JobState.REQUEUED)


def test_requeueing_a_job_that_is_over_leaves_no_state_that_says_how_it_ended(commands, submit):
    job_id = submit('[ -n "$SLURM_RESTART_COUNT" ] || exit 3')
    submit.until(job_id, JobState.FAILED)
    accounted(commands, job_id, 1, JobState.FAILED)
    commands.requeue(job_id)
    submit.until(job_id, JobState.COMPLETED)
    first, second = accounted(commands, job_id, 2, JobState.COMPLETED)
    assert (first.state, first.exit_code) == (JobState.REQUEUED, 3) and second.exit_code == 0


def test_a_job_that_waits_or_must_not_is_not_requeued(commands, submit):
    held, once = submit("true", "--hold"), submit("sleep 1000", "--no-requeue")
    with pytest.raises(SchedulerError, match="pending"):
        commands.requeue(held)
    submit.until(once, JobState.RUNNING)
    with pytest.raises(SchedulerError, match="disabled"):
        commands.requeue(once)
    with pytest.raises(SchedulerError, match="Invalid job id"):
        commands.requeue("999999")


def test_jobs_that_are_over_or_unknown_are_not_there_to_be_cancelled(commands, submit):
    job_id = submit("true")
    submit.until(job_id, JobState.COMPLETED)
    commands.cancel([job_id, "999999"])
    assert submit.shown(job_id).state is JobState.COMPLETED


def test_an_unknown_job_is_not_shown_and_has_no_accounting(commands):
    assert commands.show_job("999999") is None
    assert commands.accounting(["999999"]) == []


def test_no_jobs_is_no_question(commands):
    assert commands.accounting([]) == []
    commands.cancel([])


@pytest.mark.parametrize("job_id", ["", "-1", "--all", "1 2", "1,2", "ec-run"])
def test_what_is_no_job_id_is_not_sent(commands, job_id):
    with pytest.raises(InputError, match="job id"):
        commands.cancel([job_id])
    with pytest.raises(InputError, match="job id"):
        commands.show_job(job_id)


def test_limits_are_those_of_the_cluster(commands):
    limits = commands.limits()
    assert (limits.max_array_size, limits.max_job_count) == (1001, 10000)
    assert (limits.max_jobs, limits.max_submit_jobs) == (None, None)
