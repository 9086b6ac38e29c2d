"""Reading what Slurm prints: outputs recorded on a real 22.05.8 (recorded/README.md), and outputs to refuse."""

from pathlib import Path

import pytest

from harness.errors import SchedulerError
from slurm.parse import accounted_jobs, gpus, job_state, queued_jobs, setting, shown_job, smallest, unix_time
from slurm.records import JobState, QueuedJob, ShownJob

RECORDED = Path(__file__).with_name("recorded")


def recorded(name):
    return (RECORDED / f"{name}.txt").read_text()


def attempts(job_id):
    return [job for job in accounted_jobs(recorded("sacct")) if job.job_id == job_id]


def test_a_completed_job_has_its_times_in_unix_seconds_and_its_gpus():
    (job,) = attempts("1")
    assert (job.name, job.state, job.exit_code, job.signal) == ("ec-s-ok-01234567", JobState.COMPLETED, 0, 0)
    assert (job.submitted, job.started, job.ended) == (1795615899, 1795615900, 1795615900)
    assert (job.elapsed_s, job.nodes, job.gpus) == (0, "gpu1", 4)


@pytest.mark.parametrize(
    ("job_id", "state", "code", "signal"),
    [
        ("2", JobState.FAILED, 3, 0),
        ("3", JobState.FAILED, 0, 9),
        ("4", JobState.FAILED, 9, 0),  # it was 137
        ("5", JobState.FAILED, 0, 53),
        ("6", JobState.TIMEOUT, 0, 0),
        ("7", JobState.CANCELLED, 0, 0),
        ("10", JobState.NODE_FAIL, 0, 0),
    ],
)
def test_how_a_job_ended(job_id, state, code, signal):
    (job,) = attempts(job_id)
    assert (job.state, job.exit_code, job.signal) == (state, code, signal)


def test_every_attempt_of_a_job_is_there_in_order_of_time():
    assert [job.state for job in attempts("8")] == [JobState.REQUEUED, JobState.NODE_FAIL, JobState.CANCELLED]
    assert [job.state for job in attempts("9")] == [JobState.NODE_FAIL, JobState.PENDING]
    assert [job.state for job in attempts("17")] == [JobState.PREEMPTED, JobState.RUNNING]
    running = attempts("17")[-1]
    assert (running.started, running.ended, running.elapsed_s) == (1795616034, None, 5)


def test_the_order_does_not_depend_on_that_of_the_lines():
    lines = recorded("sacct").splitlines(keepends=True)
    assert accounted_jobs("".join(reversed(lines))) == accounted_jobs(recorded("sacct"))


def test_who_cancelled_it_is_kept_and_a_job_that_never_began_has_no_start_and_no_nodes():
    (job,) = attempts("12")
    assert (job.name, job.state, job.state_text) == ("a|b c", JobState.CANCELLED, "CANCELLED by 0")
    assert (job.started, job.ended, job.nodes, job.gpus) == (None, 1795615913, "", None)


def test_the_jobs_of_an_array_are_jobs():
    assert [job.job_id for job in accounted_jobs(recorded("sacct_array"))] == ["11", "14"]


def test_squeue_has_every_job_and_a_reason_only_where_there_is_one():
    jobs = {job.job_id: job for job in queued_jobs(recorded("squeue"))}
    assert jobs["7"] == QueuedJob("7", JobState.COMPLETING, "COMPLETING", "", "ec-cancel", "gpu2")
    assert jobs["13"] == QueuedJob("13", JobState.PENDING, "PENDING", "JobHeldUser", "ec-held", "")
    assert jobs["12"].name == "a|b c"
    assert jobs["9"].reason == "ReqNodeNotAvail, UnavailableNodes:gpu4"
    assert {"11_[1-3%1]", "11_0"} <= set(jobs)


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("completed", ShownJob("1", JobState.COMPLETED, "COMPLETED", 0, 0, 0, "gpu1", "", "ec-s-ok-01234567")),
        ("cancelling", ShownJob("7", JobState.COMPLETING, "COMPLETING", 0, 0, 0, "gpu2", "", "ec-cancel")),
        ("requeued", ShownJob("8", JobState.COMPLETING, "COMPLETING", 0, 0, 1, "gpu1", "", "ec-requeue")),
        (
            "waiting_again",
            ShownJob(
                "9", JobState.PENDING, "PENDING", 0, 0, 1, "", "ReqNodeNotAvail,_UnavailableNodes:gpu4", "ec-nodefail"
            ),
        ),
        (
            "node_failed",
            ShownJob("10", JobState.NODE_FAIL, "NODE_FAIL", 0, 0, 0, "gpu4", "NodeDown", "ec-nodefail-final"),
        ),
        ("preempted_runs_again", ShownJob("17", JobState.RUNNING, "RUNNING", 0, 0, 1, "gpu3", "", "ec-victim")),
        ("exit_137", ShownJob("4", JobState.FAILED, "FAILED", 137, 0, 0, "gpu1", "NonZeroExitCode", "ec-137")),
        ("array", ShownJob("11", JobState.PENDING, "PENDING", 0, 0, 0, "", "JobArrayTaskLimit", "ec-array")),
        ("odd_name", ShownJob("12", JobState.CANCELLED, "CANCELLED", 0, 0, 0, "", "BeginTime", "a|b")),
    ],
)
def test_a_shown_job(name, job):
    assert shown_job(recorded(f"scontrol_{name}"), job.job_id) == job


def test_the_configuration_is_read_by_whole_keys():
    config = recorded("scontrol_config")
    assert setting(config, "MaxJobCount") == "10000"
    assert setting(config, "AccountingStorageType") == "accounting_storage/slurmdbd"
    assert setting(config, "JobCount") is None and setting(config, "StorageType") is None


def test_a_limit_is_the_smallest_that_is_set():
    assert smallest("|7|normal\n\n4|3|long\n||short\n", 1) == 3
    assert smallest("|7|normal\n4|3|long\n", 0) == 4
    assert smallest("||normal\n", 0) is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("CANCELLED by 1000", JobState.CANCELLED),
        ("OUT_OF_MEMORY", JobState.OUT_OF_MEMORY),
        ("RUNNING_SOON", JobState.UNKNOWN),
        ("OUT_OF_ME+", JobState.UNKNOWN),
        ("running", JobState.UNKNOWN),
        ("", JobState.UNKNOWN),
    ],
)
def test_a_state_is_known_or_unknown_but_never_guessed(text, state):
    assert job_state(text) is state


def test_an_unknown_state_is_neither_over_nor_waiting_and_its_text_is_kept():
    (job,) = queued_jobs("5|HIBERNATING|None|ec-x|gpu1\n")
    assert (job.state, job.state_text) == (JobState.UNKNOWN, "HIBERNATING")
    assert not job.state.ended and not job.state.waiting


@pytest.mark.parametrize(
    ("tres", "number"),
    [
        ("billing=1,cpu=8,gres/gpu=4,gres/gpu:h100=4,mem=8G", 4),
        ("cpu=8,gres/gpu:a100=2,gres/gpu:h100=4", 6),
        ("cpu=8,gres/gpumem=80,mem=8G", None),
        ("", None),
    ],
)
def test_gpus_are_counted_once_and_only_where_slurm_counts_them(tres, number):
    assert gpus(tres) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1795615899", 1795615899), ("2026-11-25T14:11:39", 1795615899), ("Unknown", None), ("None", None), ("0", None)],
)
def test_times_are_unix_seconds_in_both_forms(text, seconds):
    assert unix_time("sacct", text) == seconds


def test_nothing_is_an_answer():
    assert accounted_jobs("") == [] and queued_jobs("") == []


@pytest.mark.parametrize("cut", range(1, 109, 9))
def test_output_that_was_cut_is_refused_wherever_the_cut_is(cut):
    line = recorded("sacct").splitlines(keepends=True)[0]
    with pytest.raises(SchedulerError, match="sacct must end its last line"):
        accounted_jobs(line[:cut])


@pytest.mark.parametrize("cut", [1, 30, 60])
def test_a_line_with_too_few_fields_is_refused(cut):
    with pytest.raises(SchedulerError, match="sacct must print"):
        accounted_jobs(recorded("sacct")[:cut] + "\n")


@pytest.mark.parametrize(
    "line",
    [
        "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection",
        "1.batch|batch|COMPLETED|0:0|1|1|1|0|gpu1|cpu=1",
        "1|ec|COMPLETED|0|1|1|1|0|gpu1|cpu=1",
        "1|ec|COMPLETED|0:0|yesterday|1|1|0|gpu1|cpu=1",
        "1|ec|COMPLETED|0:0|1|1|1|00:01:00|gpu1|cpu=1",
        "--jobs|ec|COMPLETED|0:0|1|1|1|0|gpu1|cpu=1",
    ],
)
def test_sacct_output_that_is_none_is_refused_with_the_line(line):
    with pytest.raises(SchedulerError, match="sacct must print") as refused:
        accounted_jobs(f"{recorded('sacct')}{line}\n")
    assert any(part in str(refused.value) for part in line.split("|"))


@pytest.mark.parametrize("line", ["5|RUNNING|None", "squeue: error: Invalid user", "|RUNNING|None|x|y", "5 6|R|N|x|y"])
def test_squeue_output_that_is_none_is_refused(line):
    with pytest.raises(SchedulerError, match="squeue must print"):
        queued_jobs(f"{line}\n")


@pytest.mark.parametrize(
    "output", ["", "JobId=10 JobState=RUNNING\n", "JobId=1 JobName=x\n", "No jobs in the system\n"]
)
def test_a_shown_job_that_is_not_the_one_is_refused(output):
    with pytest.raises(SchedulerError, match="scontrol must show"):
        shown_job(output, "1")
