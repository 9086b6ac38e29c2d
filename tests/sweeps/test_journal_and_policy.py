"""The journal of a run's jobs, and what it counts for."""

import pytest

from harness.errors import StudyError
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import JobRecord, Journal
from sweeps.jobs.policy import Policy, strikes

KILLED, PREEMPTED = End(Cause.KILLED, -9), End(Cause.PREEMPTED)


def test_a_job_goes_from_its_name_to_its_end(tmp_path):
    journal = Journal(tmp_path)
    assert journal.jobs() == [] and journal.open_job() is None
    journal.start("a")
    assert (journal.open_job().job, journal.open_job().id) == ("a", None)
    journal.known("a", "17")
    assert journal.open_job().id == "17"
    journal.end("a", End(Cause.TIMEOUT, None, "job 17: TIMEOUT"), 40)
    assert journal.open_job() is None
    (job,) = journal.jobs()
    assert (job.end, job.step, job.ended >= job.started) == (End(Cause.TIMEOUT, None, "job 17: TIMEOUT"), 40, True)


def test_only_the_newest_job_can_be_open(tmp_path):
    journal = Journal(tmp_path)
    for job in ("a", "b"):
        journal.start(job)
    assert journal.open_job().job == "b"


def test_a_retry_counts_afresh_and_an_earlier_job_keeps_its_place(tmp_path):
    journal = Journal(tmp_path)
    journal.start("a")
    journal.retry()
    journal.end("a", KILLED, 3)
    assert [job.job for job in journal.jobs()] == ["a"]
    assert journal.since_retry() == []
    journal.start("b")
    assert [job.job for job in journal.since_retry()] == ["b"]


def test_a_line_that_a_dead_driver_left_unended_is_cut_off(tmp_path):
    journal = Journal(tmp_path)
    journal.start("a")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "kno')
    assert journal.open_job().job == "a"
    journal.known("a", "17")
    assert journal.open_job().id == "17"


def test_a_damaged_line_is_refused_by_name(tmp_path):
    (tmp_path / "jobs.jsonl").write_text("nonsense\n")
    with pytest.raises(StudyError, match=r"jobs\.jsonl.*one JSON object a line"):
        Journal(tmp_path).jobs()


def jobs(*ends):
    """(end, step) -> records, the newest last."""
    return [JobRecord(str(i), float(i), ended=float(i), end=end, step=step) for i, (end, step) in enumerate(ends)]


@pytest.mark.parametrize(
    "ends, counted",
    [
        ([(KILLED, 0)], (1, 1)),
        ([(KILLED, 0), (KILLED, 0)], (2, 2)),
        ([(KILLED, 7), (KILLED, 7)], (2, 2)),
        ([(KILLED, 7), (KILLED, 8)], (1, 1)),
        ([(KILLED, 7), (PREEMPTED, 7), (KILLED, 5)], (2, 3)),
        ([(KILLED, 7), (PREEMPTED, 8), (KILLED, 8)], (1, 2)),
    ],
)
def test_ends_without_progress_are_counted(ends, counted):
    count = strikes(jobs(*ends))
    assert (count.of_cause, count.in_all) == counted


def test_a_job_that_lives_does_not_count():
    assert strikes([]) is None
    assert strikes([JobRecord("a", 1.0)]) is None


@pytest.mark.parametrize("kills, allowed", [(1, True), (2, True), (3, False)])
def test_a_cause_has_its_own_limit(kills, allowed):
    policy = Policy({Cause.KILLED: 2}, stalled=9)
    assert policy.allows(strikes(jobs(*[(KILLED, 5)] * kills))) is allowed
    assert not policy.allows(strikes(jobs((PREEMPTED, 5))))


def test_a_crash_loop_ends_whatever_the_causes():
    policy = Policy({Cause.KILLED: 9, Cause.PREEMPTED: 9}, stalled=3)
    ends = [(KILLED, 5), (PREEMPTED, 5), (KILLED, 5)]
    assert policy.allows(strikes(jobs(*ends)))
    assert not policy.allows(strikes(jobs(*ends, (PREEMPTED, 4))))
    assert policy.allows(strikes(jobs(*ends, (PREEMPTED, 6)))), "it came further"


def test_the_wait_doubles_up_to_its_limit_and_is_none_after_progress():
    policy = Policy({Cause.KILLED: 9}, stalled=9, backoff_s=10, backoff_max_s=35)
    waits = [policy.wait_s(strikes(jobs(*[(KILLED, 5)] * n))) for n in range(1, 6)]
    assert waits == [0, 10, 20, 35, 35]
