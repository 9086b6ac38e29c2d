"""What bench-makespan computes: the schedules, the times of jobs from the records, the table."""

from __future__ import annotations

import math
import subprocess
from dataclasses import asdict
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.makespan_case import Case
from benchmarks.makespan_hydra import config
from benchmarks.makespan_records import (
    JobTimes,
    Overheads,
    controller_events,
    job_times,
    makespan,
    overheads,
    read_stamps,
    setup_lines,
)
from benchmarks.makespan_schedule import batch_makespan, draw, list_makespan, lower_bound
from benchmarks.makespan_table import spread, table

TIMES = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=12)


def test_list_scheduling_by_hand():
    assert list_makespan([3, 1, 2, 2], 2) == 5  # 3+2 and 1+2: the last one goes to the slot that is free at 3
    assert list_makespan([3, 1, 2, 2], 1) == 8
    assert list_makespan([3, 1, 2, 2], 9) == 3


def test_grahams_worst_order():
    """2 - 1/m: the longest job last."""
    assert list_makespan([1, 1, 1, 1, 1, 1, 3], 3) == 5
    assert list_makespan([3, 1, 1, 1, 1, 1, 1], 3) == 3


@given(TIMES, st.integers(1, 5))
def test_list_scheduling_is_between_the_bound_and_grahams(times, slots):
    found, bound = list_makespan(times, slots), lower_bound(times, slots)
    assert bound * (1 - 1e-9) <= found <= math.fsum(times) / slots + (1 - 1 / slots) * max(times) + 1e-9


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_lower_bound_holds_for_every_order(times):
    assert all(list_makespan(order, 2) >= lower_bound(times, 2) for order in permutations(times))


def test_a_barrier_waits_for_the_longest_of_each_batch():
    assert batch_makespan([3, 1, 2, 2, 5], 2, 2) == 3 + 2 + 5
    assert batch_makespan([3, 1, 2, 2, 5], 2, 4) == 5 + 5
    assert batch_makespan([3, 1, 2, 2, 5], 2, 5) == list_makespan([3, 1, 2, 2, 5], 2)


def test_times_come_from_the_seed_and_have_the_mean_that_was_asked():
    times = draw(7, 400, 10.0, 0.8)
    assert times == draw(7, 400, 10.0, 0.8) != draw(8, 400, 10.0, 0.8)
    assert math.fsum(times) / 400 == pytest.approx(10.0) and min(times) > 0
    logs = [math.log(time) for time in times]
    middle = math.fsum(logs) / 400
    assert math.sqrt(math.fsum((log - middle) ** 2 for log in logs) / 399) == pytest.approx(0.8, rel=0.15)


LOG = """\
[2026-01-02T03:04:05.000] _slurm_rpc_submit_batch_job: JobId=17 InitPrio=4294901759 usec=867
[2026-01-02T03:04:05.250] sched/backfill: _start_job: Started JobId=17 in low on gpu1
[2026-01-02T03:04:06.000] _job_complete: JobId=17 WEXITSTATUS 0
[2026-01-02T03:04:06.500] _job_complete: JobId=17 done
[2026-01-02T03:04:07.000] _slurm_rpc_submit_batch_job: JobId=18 InitPrio=4294901757 usec=822
a line of something else
[2026-01-02T03:04:07.125] sched: Allocate JobId=18_1(19) NodeList=gpu2 #CPUs=1 Partition=low
[2026-01-02T03:04:07.125] sched: Allocate JobId=18_0(18) NodeList=gpu1 #CPUs=1 Partition=low
[2026-01-02T03:04:09.000] _job_complete: JobId=18_1(19) done
"""


def test_the_controllers_log_tells_jobs_and_tasks_of_arrays():
    found = controller_events(LOG.splitlines())
    start = found["17"]["submitted"]
    since = {job: {event: time - start for event, time in events.items()} for job, events in found.items()}
    assert since["17"] == {"submitted": 0, "allocated": 0.25, "completed": 1.5}
    assert since["18"] == {"submitted": 2, "allocated": 2.125}
    assert since["19"] == {"submitted": 2, "allocated": 2.125, "completed": 4}


def test_the_lines_for_a_jobs_script_stamp_its_beginning_and_its_end(tmp_path):
    folder = tmp_path / "with a blank"
    folder.mkdir()
    script = "\n".join(["set -euo pipefail", *setup_lines(folder), "sleep 0.01", "exit 3"])
    done = subprocess.run(["bash", "-c", script], env={"SLURM_JOB_ID": "17", "LC_ALL": "C"}, check=False)
    assert done.returncode == 3
    stamps = read_stamps(folder)["17"]
    assert list(stamps) == ["script_began", "script_ended"]
    assert 0.01 <= stamps["script_ended"] - stamps["script_began"] < 60


def job(index, submitted, allocated, completed):
    return JobTimes(
        index, submitted, allocated, allocated + 0.1, allocated + 0.3, completed - 0.3, completed - 0.2, completed
    )


def test_every_second_of_a_slot_is_put_down_to_somebody():
    jobs = [job(0, 0.0, 0.5, 4.0), job(1, 0.0, 0.5, 9.0), job(2, 4.4, 5.0, 8.0)]
    found = overheads(jobs, slots=2)
    assert asdict(found[2]) == pytest.approx(asdict(Overheads(0.4, 0.6, 0.1, 0.2, 0.1, 0.2)))
    assert found[2].slurm_s == pytest.approx(0.9) and found[2].process_s == pytest.approx(0.3)
    run_s = [each.run_ended - each.run_began for each in jobs]
    all_s = [sum(asdict(each).values()) for each in found]
    assert list_makespan([run + extra for run, extra in zip(run_s, all_s, strict=True)], 2) == pytest.approx(9.0)
    assert makespan(jobs) == 9.0


def test_waiting_for_room_is_nobodys_delay():
    jobs = [job(0, 0.0, 0.5, 4.0), job(1, 0.0, 4.25, 8.0)]
    found = overheads(jobs, slots=1)
    assert (found[1].handover_s, found[1].schedule_s) == (0.0, 0.25)


def test_jobs_come_in_the_order_of_their_times_whatever_their_ids():
    jobs = [job(0, 0.0, 2.0, 4.0), job(1, 0.0, 1.0, 3.0)]
    names = ("submitted", "allocated", "completed")
    events = {str(9 - n): {name: getattr(each, name) for name in names} for n, each in enumerate(jobs)}
    stamps = {
        str(9 - n): {key: value for key, value in asdict(each).items() if key not in names}
        for n, each in enumerate(jobs)
    }
    assert job_times(stamps, events) == jobs
    with pytest.raises(ValueError, match="job 9 has no completed"):
        job_times(stamps, {**events, "9": {"submitted": 0.0, "allocated": 2.0}})
    with pytest.raises(ValueError, match=r"one job for each index: \[0, 0\]"):
        job_times({"9": stamps["9"], "8": {**stamps["8"], "index": 0}}, events)


def test_a_case_is_read_back_as_it_was_written(tmp_path):
    case = Case("hydra", 3, (0.1, 1 / 3), 4, 0.5)
    case.save(tmp_path / "case")
    assert Case.load(tmp_path / "case") == case


def test_hydra_gets_as_many_trials_and_jobs_at_a_time(tmp_path):
    sweeper = config(Case("hydra", 3, (1.0,) * 16, 4, 0.5), tmp_path)["hydra"]["sweeper"]
    assert (sweeper["n_trials"], sweeper["n_jobs"]) == (16, 4)


PARTS = asdict(Overheads(0.5, 0.25, 0.25, 1.0, 0.5, 0.0))
RESULT = {
    "tool": "ours",
    "parallel": 4,
    "seed": 1,
    "times": [4.0, 6.0],
    "makespan_s": 12.0,
    "wall_s": 15.0,
    "list_s": 10.0,
    "slurm_off_s": 11.0,
    "processes_off_s": 11.5,
    "explained_s": 12.0,
    "batch_s": 14.0,
    "bound_s": 8.0,
    "overheads": [PARTS, PARTS],
    "submit_s": [0.03, 0.05],
    "notice_s": [0.3, 0.5],
}


def test_the_table_has_median_and_range_over_the_seeds():
    ours = [{**RESULT, "seed": seed, "makespan_s": span} for seed, span in [(1, 12.0), (2, 11.0), (3, 20.0)]]
    hydra = [{**each, "tool": "hydra", "makespan_s": 24.0, "submit_s": [], "notice_s": []} for each in ours]
    text = table([*hydra, *ours], 1)
    assert text.splitlines()[2].startswith("| ours | 4 | 3 | 1.200 (1.100 to 2.000) | 1.091 (1.000 to 1.818) |")
    assert text.splitlines()[3].startswith("| hydra | 4 | 3 | 2.400 (2.400 to 2.400) |")
    assert "| ours, 4 | 0.50 | 0.25 | 0.25 | 1.00 | 0.50 | 0.00 | 2.50 | 0.50 | 0.04 | 0.40 | 15.0 |" in text
    assert "hydra / ours, 4 jobs handed to Slurm: 2.000 (1.200 to 2.182); of a barrier alone, computed: 1.400" in text


def test_overheads_matter_less_for_longer_runs():
    """2.5 s on each of two jobs, one after the other."""
    lines = table([RESULT], 1).splitlines()[-3:]
    assert [line.split(": ")[1].split()[0] for line in lines] == ["1.042", "1.004", "1.001"]


def test_a_seed_that_one_of_the_two_lacks_is_in_no_pair():
    hydra = {**RESULT, "tool": "hydra", "seed": 2}
    assert "hydra / ours" not in table([RESULT, hydra], 1)


def test_spread_of_one():
    assert spread([1.25]) == "1.250 (1.250 to 1.250)"
