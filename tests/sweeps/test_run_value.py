"""What is made of a run's records: the last value, the best, a mean, an area; and what it was paid for."""

import math

import pytest
from fake_study import resolve
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.objective import STEPS, Objective
from harness.errors import StudyError
from harness.runs.provenance import collect
from sweeps.objective import area, reduced, run_value
from sweeps.plan import create_run

LAW = settings(deadline=None, max_examples=60)
CURVES = st.dictionaries(st.integers(0, 1000), st.floats(-1e6, 1e6), min_size=2, max_size=20).map(
    lambda curve: sorted(curve.items())
)


@pytest.fixture
def folder(tmp_path):
    return create_run(tmp_path / "t0000-s1", resolve(["steps=25"]), "title", collect())


def acc(**options):
    return Objective("acc", **{"direction": "maximize", **options})


def record(folder, values, attempt=1):
    for step, value in values.items():
        folder.append_metrics(step, {"acc": value, "loss": 1.0}, attempt)


def test_each_way_of_the_steps_by_hand(folder):
    record(folder, {1: 0.0, 2: 0.4, 3: math.nan, 6: 0.2})
    assert run_value(folder, acc()) == 0.2
    assert run_value(folder, acc(steps="best")) == 0.4
    assert run_value(folder, acc(steps="best", direction="minimize")) == 0.0
    assert run_value(folder, acc(steps="mean", last=2)) == pytest.approx(0.3)
    assert run_value(folder, acc(steps="area")) == pytest.approx((0.2 * 1 + 0.3 * 4) / 5)


def test_steps_that_a_resume_threw_away_do_not_count(folder):
    record(folder, {1: 0.1, 2: 0.2, 3: 0.9})
    record(folder, {2: 0.3, 3: 0.4}, attempt=2)
    assert run_value(folder, acc(steps="best")) == 0.4
    assert run_value(folder, acc(steps="mean", last=3)) == pytest.approx(0.8 / 3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"steps": "mean"}, r"mean of 'acc' needs 5 recorded values; got 1 in the run t0000-s1\. Record it more"),
        ({"steps": "area"}, "area of 'acc' needs 2 recorded values; got 1"),
    ],
)
def test_too_few_values_are_refused(folder, options, message):
    record(folder, {1: 0.1, 2: math.nan})
    with pytest.raises(StudyError, match=message):
        run_value(folder, acc(**options))


@pytest.mark.parametrize("steps", STEPS)
def test_a_metric_that_was_never_a_number_is_not_recorded(folder, steps):
    record(folder, {1: math.nan})
    with pytest.raises(StudyError, match=r"got 'acc'\. Recorded: acc, loss"):
        run_value(folder, acc(steps=steps))


def test_gpu_hours_are_asked_for_only_when_they_are_the_objective(folder):
    def never():
        raise AssertionError

    record(folder, {1: 0.5})
    assert run_value(folder, acc(), never) == 0.5
    assert run_value(folder, Objective("gpu_hours", "minimize"), lambda: 2.5) == 2.5


@pytest.mark.parametrize("hours, got", [(None, "no account of its jobs"), (lambda: math.nan, "nan hours")])
def test_gpu_hours_that_are_not_known_are_refused(folder, hours, got):
    with pytest.raises(StudyError, match=f"'gpu_hours' needs the hours that the run t0000-s1 .*got {got}"):
        run_value(folder, Objective("gpu_hours", "minimize"), hours)


@LAW
@given(CURVES)
def test_every_way_lies_between_the_extremes_and_best_is_one_of_them(curve):
    values = [value for _, value in curve]
    slack = 1e-6
    for objective in (acc(), acc(steps="mean", last=2), acc(steps="area")):
        assert min(values) - slack <= reduced(curve, objective) <= max(values) + slack
    assert reduced(curve, acc(steps="best")) == max(values)


@LAW
@given(CURVES, st.floats(-100, 100), st.floats(-100, 100))
def test_the_area_of_a_line_is_its_middle_wherever_it_was_recorded(curve, slope, start):
    line = [(step, start + slope * step) for step, _ in curve]
    assert area(line) == pytest.approx((line[0][1] + line[-1][1]) / 2, abs=1e-6)


@LAW
@given(CURVES)
def test_the_area_over_every_step_counts_the_ends_by_half(curve):
    even = [(step, value) for step, (_, value) in enumerate(curve)]
    values = [value for _, value in even]
    ends = (values[0] + values[-1]) / 2
    expected = math.fsum(values) - ends
    assert area(even) == pytest.approx(expected / (len(values) - 1), abs=1e-6)
