"""What a run's folder says of its jobs without Slurm: the cache of accounting, and estimates where it lacks."""

import pytest

from harness.runs import RunFolder
from slurm import accounting
from slurm.cancelling import SlurmCanceller
from slurm.jobs import slurm_jobs
from slurm.records import AccountedJob, JobState, QueuedJob
from slurm.starts import JobStart, Starts
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.gpu_hours import Allocation
from sweeps.jobs.journal import Journal
from sweeps.plan import create_run
from sweeps.status import run_status
from tests.sweeps.fake_study import resolve


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path / "it's [a] #run" / "t0000-s1", resolve([]), "title", None)


def row(state=JobState.COMPLETED, submitted=90.0, started=100.0, ended=200.0, gpus=4):
    return AccountedJob("7", "ec-7", state, str(state), 0, 0, submitted, started, ended, 0, "gpu1", gpus)


def queued_job(state=JobState.PENDING, reason="Priority", node=""):
    return QueuedJob("7", state, str(state), reason, "ec-7", node)


def submitted(run, gpus=4):
    journal = Journal(run.path)
    journal.start("ec-7")
    journal.known("ec-7", "7")
    accounting.note_submitted(run.path, "7", "ec-7", gpus)
    return journal


def begun(run, time=105.0, restart=0):
    Starts(run.path).begin(JobStart("ec-7", "7", restart, "gpu1", time, 0))


def seen(run, records=(), now=1000.0):
    return slurm_jobs(run, run.manifest(), list(records), False, now)


def record(time):
    return {"schema": 1, "step": 1, "attempt": 1, "time": time, "data": {}}


def test_accounting_is_believed_and_not_marked_as_estimated(run):
    journal = submitted(run)
    begun(run, 105.0)
    begun(run, 305.0, 1)
    journal.end("ec-7", End(Cause.ENDED, 0, "job 7"), 3)
    rows = [row(JobState.REQUEUED), row(submitted=250.0, started=300.0, ended=400.0, gpus=None)]
    accounting.note_ended(run.path, "7", "ec-7", 4, rows)
    view = seen(run)
    assert view.allocations == (Allocation(100, 200, 4, 10), Allocation(300, 400, 4, 50))
    assert (view.id, view.node, view.waiting, view.alive) == ("7", "gpu1", False, False)


def test_a_job_that_was_cancelled_before_it_began_only_waited(run):
    submitted(run)
    accounting.note_ended(run.path, "7", "ec-7", 4, [row(JobState.CANCELLED, started=None, ended=150.0, gpus=None)])
    assert Allocation(None, 150.0, 4, 60.0) in seen(run).allocations


def test_a_start_that_accounting_lacks_is_estimated_beside_those_it_has(run):
    journal = submitted(run)
    begun(run, 105.0)
    begun(run, 305.0, 1)
    Starts(run.path).end(0)
    journal.end("ec-7", End(Cause.ENDED, 0, "job 7"), 3)
    accounting.note_ended(run.path, "7", "ec-7", 4, [row(submitted=90.0)])
    first, second = seen(run).allocations
    assert not first.estimated and second.estimated
    assert second.start == 305.0 and second.end > 305.0 and second.gpus == 4


def test_without_accounting_a_killed_start_ends_with_its_last_record(run):
    journal = submitted(run)
    begun(run, 105.0)
    begun(run, 305.0, 1)
    journal.end("ec-7", End(Cause.KILLED, -9, "job 7"), 3)
    accounting.note_ended(run.path, "7", "ec-7", 4, [])
    first, second = seen(run, [record(150.0), record(160.0), record(310.0)]).allocations
    assert (first.start, first.end, first.estimated) == (105.0, 160.0, True)
    assert (second.start, second.end) == (305.0, 310.0)


def test_a_waiting_job_shows_why_and_a_running_one_where(run):
    submitted(run)
    accounting.note_queued(run.path, queued_job())
    view = seen(run)
    assert (view.waiting, view.why, view.alive) == (True, "Priority", False)
    status = run_status(run, look=slurm_jobs)
    assert (status.state, status.waits_for, status.job) == ("queued", "Priority", "7")
    accounting.note_queued(run.path, queued_job(JobState.RUNNING, "None", "gpu2"))
    begun(run, 105.0)
    view = seen(run)
    assert (view.waiting, view.why, view.alive, view.node) == (False, "", True, "gpu2")
    assert view.allocations[-1] == Allocation(105.0, None, 4, 0.0, True)


def test_a_start_after_the_last_look_at_the_queue_is_believed(run):
    submitted(run)
    accounting.note_queued(run.path, queued_job())
    begun(run, 2e9)
    view = seen(run)
    assert (view.waiting, view.why, view.alive, view.node) == (False, "", True, "gpu1")


def test_a_run_without_any_job_has_none(run):
    assert seen(run).allocations == () and run_status(run, look=slurm_jobs).hours.paid == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"jobs": 3}', '{"jobs": [3, {}, {"id": "7"}]}', '{"jobs": [{"rows": 5}]}']
)
def test_a_damaged_cache_costs_only_what_was_in_it(run, content):
    submitted(run)
    begun(run)
    for name in ("accounting.json", "queue.json"):
        (run.path / "slurm" / name).write_text(content)
    assert [each.gpus for each in seen(run).allocations] == [0]
    assert accounting.queued(run.path) is None
    accounting.note_ended(run.path, "7", "ec-7", 4, [row()])
    assert [each.gpus for each in seen(run).allocations] == [4]


class Commands:
    """squeue and scancel, without a Slurm."""

    def __init__(self, *queue):
        self.queue, self.cancelled = list(queue), []

    def squeue(self, user):
        return self.queue

    def cancel(self, job_ids):
        self.cancelled += job_ids


def test_waiting_jobs_are_cancelled_and_running_ones_only_now(run):
    submitted(run)
    waiting, running = Commands(queued_job()), Commands(queued_job(JobState.RUNNING, "None", "gpu1"))
    assert SlurmCanceller(waiting).cancel([run]) == ["job 7 (waiting)"] and waiting.cancelled == ["7"]
    assert SlurmCanceller(running).cancel([run]) == [] and running.cancelled == []
    assert SlurmCanceller(running).cancel([run], now=True) == ["job 7 (running)"] and running.cancelled == ["7"]


def test_a_job_of_another_name_is_nobodys_to_cancel(run):
    """Ids are used again; and a job whose id nobody wrote down is found by its name."""
    Journal(run.path).start("ec-7")
    other = QueuedJob("7", JobState.PENDING, "PENDING", "", "ec-other", "")
    commands = Commands(other)
    assert SlurmCanceller(commands).cancel([run], now=True) == [] and commands.cancelled == []
    commands.queue.append(QueuedJob("8", JobState.PENDING, "PENDING", "", "ec-7", ""))
    assert SlurmCanceller(commands).cancel([run]) == ["job 8 (waiting)"]


def test_nothing_is_asked_of_slurm_without_runs():
    assert SlurmCanceller(None).cancel([]) == []
    assert not RunFolder("none").exists()
