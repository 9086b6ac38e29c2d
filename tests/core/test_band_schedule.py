import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.band import Band
from harness.core.progress import CONVENTIONS
from harness.core.schedule import BandSchedule
from harness.core.schedules import FAMILIES, curve_from
from harness.errors import ConfigError, InputError


def linear(start, end):
    return curve_from({"family": "linear", "start": start, "end": end})


def constant(start):
    return curve_from({"family": "constant", "start": start})


CURVES = st.builds(
    lambda family, start, end: constant(start) if family == "constant" else FAMILIES[family](start, end),
    st.sampled_from(list(FAMILIES)),
    st.floats(0, 2),
    st.floats(0, 2),
)
TARGETS = st.builds(BandSchedule.target, CURVES, st.floats(0, 1), st.integers(1, 500), st.sampled_from(CONVENTIONS))


def test_target_and_width():
    schedule = BandSchedule.target(linear(0.6, 0.2), 0.1, 5, "paper")
    assert schedule.band(1) == Band(0.6 - 0.05, 0.6 + 0.05)
    assert schedule.band(5) == Band(0.2 - 0.05, 0.2 + 0.05)


def test_width_zero_is_the_curve_itself():
    schedule = BandSchedule.target(linear(0.6, 0.2), 0, 7, "paper")
    assert schedule.band(1) == Band(0.6, 0.6)
    assert schedule.band(7).middle == 0.2


def test_bounds_as_released():
    schedule = BandSchedule.bounds(linear(0.6, 0.4), linear(0.7, 0.5), 101, "released")
    assert schedule.band(101) == Band(0.4, 0.5)
    assert schedule.band(1).low == pytest.approx(0.6 - 0.2 / 101)


@given(TARGETS)
def test_the_ends_of_a_target(schedule):
    last = schedule.band(schedule.horizon)
    if schedule.progress == "released" or schedule.horizon > 1:
        assert last.middle == pytest.approx(schedule.low.at(1.0), abs=1e-12)
    if schedule.progress == "paper":
        assert schedule.band(1).middle == pytest.approx(schedule.low.at(0.0), abs=1e-12)
    assert last.width == pytest.approx(schedule.width, abs=1e-12)


@given(TARGETS)
def test_the_manifest_brings_back_the_same_schedule(schedule):
    assert BandSchedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule


@given(CURVES, CURVES, st.integers(1, 60), st.sampled_from(CONVENTIONS))
def test_bounds_are_refused_exactly_when_some_step_is_inverted(low, high, horizon, convention):
    try:
        schedule = BandSchedule.bounds(low, high, horizon, convention)
    except ConfigError as error:
        assert "must not exceed the high curve at any step" in str(error)
        return
    assert BandSchedule.from_dict(schedule.to_dict()) == schedule
    for step in range(1, horizon + 1):
        assert schedule.band(step).width >= 0


def test_curves_that_cross_in_the_middle_only_are_refused_with_the_step():
    low, high = FAMILIES["cosine"](0.2, 0.8), linear(0.2, 0.8)
    with pytest.raises(ConfigError, match=r"low 0\.7\d* > high 0\.\d+ nats per token at step 4 of 5"):
        BandSchedule.bounds(low, high, 5, "paper")


def test_an_inversion_at_step_one_names_both_values():
    with pytest.raises(ConfigError, match=r"low 1 > high 0 nats per token at step 1 of 10"):
        BandSchedule.bounds(constant(1), constant(0), 10, "paper")


@pytest.mark.parametrize(
    ("width", "horizon", "convention", "message"),
    [
        (-0.1, 5, "paper", "width of the band.*at least 0; got -0.1"),
        (float("nan"), 5, "paper", "width must be a number; got nan"),
        (float("inf"), 5, "paper", "width must be finite"),
        (0.1, 0, "paper", "schedule: the horizon.*got 0"),
        (0.1, 2.5, "paper", "got 2.5"),
        (0.1, 5, "linear", "one of paper, released"),
    ],
)
def test_refused(width, horizon, convention, message):
    with pytest.raises(ConfigError, match=message):
        BandSchedule.target(constant(0.5), width, horizon, convention)


def test_a_longer_run_does_not_bend_the_curve():
    with pytest.raises(InputError, match="step 6, horizon 5"):
        BandSchedule.target(constant(0.5), 0, 5).band(6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "other"}, "forms of a schedule must be known ones; got 'other'"),
        ({"gamma": 3}, "got 'gamma'"),
        ({"low": {}}, "got 'low'"),
    ],
)
def test_a_manifest_with_other_keys_is_refused(change, message):
    saved = BandSchedule.target(constant(0.5), 0, 5).to_dict() | change
    with pytest.raises(ConfigError, match=message):
        BandSchedule.from_dict(saved)


def test_a_manifest_without_its_horizon_is_refused():
    saved = BandSchedule.target(constant(0.5), 0, 5).to_dict()
    del saved["horizon"]
    with pytest.raises(ConfigError, match="needs horizon"):
        BandSchedule.from_dict(saved)
