"""Where the GPU-hours of a run went: by hand, then by law."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.runs import RunFolder, read_records
from harness.runs.outline import read_outline
from sweeps.jobs.gpu_hours import GPU_HOURS, JOB_HOURS, Allocation, Hours, hours, total

H = 3600.0


def record(attempt, step, time, own_s=None):
    data = {} if own_s is None else {"timing_s/step": own_s}
    return {"schema": 1, "step": step, "attempt": attempt, "time": time, "data": data}


def spent(found):
    """In seconds of one GPU or job, rounded against the last bit."""
    return {
        kind: round(getattr(found, kind) * H, 6)
        for kind in ("useful", "replayed", "starting", "lost", "open", "queued")
        if getattr(found, kind)
    }


def test_a_run_in_one_go():
    found = hours([Allocation(100, 200, 4, queued_s=50)], [record(1, 1, 130, 10), record(1, 2, 160)], now=999)
    assert found.unit == GPU_HOURS and not found.estimated
    assert spent(found) == {"starting": 80, "useful": 160, "lost": 160, "queued": 200}
    assert found.paid * H == pytest.approx(400)


def test_a_resume_throws_away_what_was_after_its_checkpoint():
    """Killed in step 4 with a checkpoint of step 1: steps 2 and 3 are lost, and done again."""
    records = [record(1, 1, 20, 10), record(1, 2, 30), record(1, 3, 40)]
    records += [record(2, 2, 130, 10), record(2, 3, 140), record(2, 4, 150)]
    found = hours([Allocation(0, 45, 1), Allocation(100, 150, 1)], records, now=150)
    assert spent(found) == {"starting": 10 + 20, "useful": 10 + 10, "replayed": 20, "lost": 20 + 5}


def test_an_attempt_that_kept_nothing_is_lost_whole():
    records = [record(1, 1, 20, 10), record(2, 1, 130, 10)]
    found = hours([Allocation(0, 50, 1), Allocation(100, 130, 1), Allocation(200, 260, 1)], records, now=999)
    assert spent(found) == {"lost": 50 + 60, "starting": 20, "replayed": 10}


def test_of_what_goes_on_nobody_knows_yet_what_it_was_good_for():
    found = hours([Allocation(0, None, 2)], [record(1, 1, 40, 30)], now=55)
    assert spent(found) == {"starting": 20, "useful": 60, "open": 30}
    assert spent(hours([Allocation(0, None, 2)], [], now=55)) == {"open": 110}
    assert spent(hours([Allocation(60, None, 2)], [], now=55)) == {}, "a clock that is behind"


def test_waiting_is_not_paid():
    found = hours([Allocation(None, None, 8, queued_s=30), Allocation(None, 70, 8, queued_s=5)], [], now=99)
    assert spent(found) == {"queued": 280} and found.paid == 0


def test_a_first_step_that_does_not_say_how_long_it_took_counts_as_starting():
    assert spent(hours([Allocation(0, 60, 1)], [record(1, 1, 40), record(1, 2, 60)], 60)) == {
        "starting": 40,
        "useful": 20,
    }


def test_without_gpus_it_is_job_hours_and_a_cpu_job_of_a_run_on_gpus_costs_none():
    assert hours([Allocation(0, 60, 0)], [], 60) == Hours(JOB_HOURS, lost=60 / H)
    mixed = hours([Allocation(0, 60, 0), Allocation(100, 160, 2, estimated=True)], [], 160)
    assert (mixed.unit, mixed.lost * H, mixed.estimated) == (GPU_HOURS, 120, True)
    assert hours([], [record(1, 1, 40)], 60) == Hours()


def test_sums_keep_the_units_apart():
    sums = total([Hours(JOB_HOURS, lost=1), Hours(GPU_HOURS, useful=2), Hours(GPU_HOURS, useful=1, estimated=True)])
    assert sums == [Hours(GPU_HOURS, useful=3, estimated=True), Hours(JOB_HOURS, lost=1)]


@pytest.mark.parametrize("bad", [(5, 4, 1), (0, math.nan, 1), (0, math.inf, 1), (0, 1, -1), (0, 1, 1, -1.0)])
def test_an_impossible_allocation_is_refused(bad):
    with pytest.raises(InputError, match="an allocation must"):
        Allocation(*bad)


TIMES = st.floats(0, 1e9)
PAIRS = st.tuples(st.none() | TIMES, st.none() | TIMES).map(
    lambda pair: tuple(sorted(pair)) if None not in pair else pair
)
ALLOCATIONS = st.builds(
    lambda pair, gpus, queued: Allocation(*pair, gpus, queued), PAIRS, st.integers(0, 16), st.floats(0, 1e6)
)
RECORDS = st.lists(
    st.builds(record, st.integers(1, 4), st.integers(0, 9), TIMES, st.none() | st.floats(-1, 1e4)), max_size=30
)


@given(st.lists(ALLOCATIONS, max_size=6), RECORDS, TIMES)
def test_they_add_up_to_what_was_allocated(allocations, records, now):
    found = hours(allocations, records, now)
    on_gpus = any(each.gpus for each in allocations)
    weights = [each.gpus if on_gpus else 1 for each in allocations]
    lengths = [
        0.0 if each.start is None else (max(each.start, now) if each.end is None else each.end) - each.start
        for each in allocations
    ]
    paid = math.fsum(weight * length for weight, length in zip(weights, lengths, strict=True))
    assert found.paid * H == pytest.approx(paid, rel=1e-9, abs=1e-3)
    assert min(found.useful, found.replayed, found.starting, found.lost, found.open, found.queued) >= 0


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_kept_steps_take_what_an_uninterrupted_run_would_have_paid(checkpoint, more, after):
    """Steps of 10 s: whatever is thrown away, those of the record count once, as useful or as replayed."""
    first = [record(1, step, 10.0 * step, 10) for step in range(1, checkpoint + more + 1)]
    last = checkpoint + more + after
    second = [record(2, step, 1000 + 10.0 * (step - checkpoint), 10) for step in range(checkpoint + 1, last + 1)]
    found = hours([Allocation(0, 500, 1), Allocation(1000, 2000, 1)], first + second, 2000)
    assert (found.useful + found.replayed) * H == pytest.approx(10 * last)
    assert found.replayed * H == pytest.approx(10 * more)
    assert found.open == 0 and found.starting == 0


def test_the_outline_of_a_metrics_file_is_that_of_its_records(tmp_path):
    run = RunFolder(tmp_path)
    for attempt, step in [(1, 0), (1, 1), (1, 2), (2, 2), (2, 3)]:
        run.append_metrics(step, {"timing_s/step": 0.1 * step, "x": math.nan}, attempt)
    with run.metrics_path.open("ab") as file:
        file.write(b'{"data":{"y":1.0},"attempt":2,"step":4,"time":1e3,"schema":1}\n{"schema":1,"st')
    whole, outline = read_records(run.metrics_path), read_outline(run.metrics_path)
    assert [{**each, "data": {}} for each in outline] == [{**each, "data": {}} for each in whole]
    assert [bool(each["data"]) for each in outline] == [True, False, False, True, False, False]
    assert outline[3] == whole[3]
    assert read_outline(tmp_path / "none") == []
