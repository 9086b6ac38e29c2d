"""Slurm in memory: that its time and its states are those of a cluster, and that ten thousand jobs are quick."""

import heapq
import inspect
import random
import time

import pytest

from harness.errors import SchedulerError
from slurm.commands import Commands
from slurm.records import JobState
from tests.fake_slurm.virtual import VirtualSlurm


def names(cls):
    return {name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")}


def test_it_has_every_method_of_the_protocol_with_the_same_parameters():
    for name in names(Commands):
        assert inspect.signature(getattr(VirtualSlurm, name)) == inspect.signature(getattr(Commands, name))


def test_ten_thousand_jobs_end_when_a_list_schedule_says():
    rng = random.Random(1)
    run_s = [rng.uniform(60, 3600) for _ in range(10_000)]
    free = [0.0] * 64
    for seconds in run_s:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    began = time.perf_counter()
    slurm = VirtualSlurm(slots=64, now=0.0)
    ids = [slurm.submit(f"ec-{number}", seconds) for number, seconds in enumerate(run_s)]
    while live := slurm.squeue("somebody"):
        assert sum(job.state is JobState.RUNNING for job in live) == min(64, len(live))
        slurm.tick(600)
    rows = slurm.accounting(ids)
    assert max(row.ended for row in rows) == pytest.approx(max(free))
    assert [row.ended - row.started for row in rows] == pytest.approx(run_s)
    assert time.perf_counter() - began < 30


def test_a_requeued_job_starts_from_the_beginning_under_its_id():
    slurm = VirtualSlurm(slots=1, now=0.0)
    job, other = slurm.submit("a", 100), slurm.submit("b", 100)
    slurm.tick(60)
    slurm.requeue(job)
    slurm.tick(60)  # not over: the end of its first start counts no more
    assert [queued.state for queued in slurm.squeue("somebody")] == [JobState.RUNNING, JobState.PENDING]
    slurm.tick(40)
    first, second = slurm.accounting([job])
    assert (first.state, first.started, first.ended) == (JobState.REQUEUED, 0, 60)
    assert (second.state, second.submitted, second.started, second.ended) == (JobState.COMPLETED, 60, 60, 160)
    assert slurm.show_job(job).restarts == 1 and slurm.show_job(other).state is JobState.RUNNING


@pytest.mark.parametrize(("what", "state"), [("fail_node", JobState.NODE_FAIL), ("preempt", JobState.PREEMPTED)])
def test_a_job_that_loses_its_node_is_requeued(what, state):
    slurm = VirtualSlurm(slots=1)
    job = slurm.submit("a", 100)
    getattr(slurm, what)(job)
    assert [row.state for row in slurm.accounting([job])] == [state, JobState.RUNNING]


def test_a_cancelled_job_gives_its_slot_to_the_next():
    slurm = VirtualSlurm(slots=1)
    first, second, third = (slurm.submit(name, 100) for name in "abc")
    slurm.cancel([first, third])
    assert [(job.job_id, job.state) for job in slurm.squeue("somebody")] == [(second, JobState.RUNNING)]
    assert [row.state for row in slurm.accounting([first, third])] == [JobState.CANCELLED] * 2
    slurm.tick(100)
    assert slurm.squeue("somebody") == []


def test_exit_codes_limits_and_jobs_that_vanish():
    slurm = VirtualSlurm(slots=2, max_jobs=2)
    failed, gone = slurm.submit("a", 10, exit_code=3), slurm.submit("b", 100)
    with pytest.raises(SchedulerError, match="QOSMaxSubmitJobPerUserLimit"):
        slurm.submit("c", 1)
    slurm.tick(10)
    assert (slurm.show_job(failed).state, slurm.show_job(failed).exit_code) == (JobState.FAILED, 3)
    slurm.forget(gone)
    slurm.tick(1000)
    assert slurm.show_job(gone) is None and slurm.accounting([gone]) == [] and slurm.squeue("somebody") == []
    assert slurm.submit("d", 1) not in (failed, gone)
    with pytest.raises(SchedulerError, match="requeue"):
        slurm.requeue(gone)
    assert slurm.calls["sbatch"] == 4
