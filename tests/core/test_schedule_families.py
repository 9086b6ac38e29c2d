import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.schedules import FAMILIES, curve_from
from harness.errors import ConfigError, InputError

TARGET = st.floats(0, 5)
PROGRESS = st.floats(0, 1)
ANNEALED = sorted(set(FAMILIES) - {"constant"})


def curve(family, start, end):
    return curve_from({"family": family, "start": start} | ({} if family == "constant" else {"end": end}))


def test_the_families_are_found():
    assert list(FAMILIES) == ["constant", "cosine", "linear"]


@pytest.mark.parametrize(
    ("family", "f", "value"),
    [
        ("linear", 0.25, 0.5),
        ("linear", 0.5, 0.4),
        ("cosine", 0.5, 0.4),
        ("cosine", 1 / 3, 0.5),
        ("cosine", 2 / 3, 0.3),
        ("constant", 0.7, 0.6),
    ],
)
def test_closed_forms(family, f, value):
    assert curve(family, 0.6, 0.2).at(f) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("family", ANNEALED)
@given(start=TARGET, end=TARGET)
def test_both_ends_are_exact(family, start, end):
    assert curve(family, start, end).at(0.0) == start
    assert curve(family, start, end).at(1.0) == end


@given(TARGET, PROGRESS)
def test_constant_is_constant(start, f):
    assert curve("constant", start, None).at(f) == start


@pytest.mark.parametrize("family", ANNEALED)
@given(start=TARGET, end=TARGET, f=PROGRESS, g=PROGRESS)
def test_annealing_is_monotone_and_stays_between_its_ends(family, start, end, f, g):
    early, late = (curve(family, start, end).at(x) for x in sorted((f, g)))
    tolerance = 1e-12 * (1 + start + end)
    assert (late - early) * (end - start) >= -tolerance
    assert min(start, end) - tolerance <= early <= max(start, end) + tolerance


@given(TARGET, TARGET, PROGRESS)
def test_cosine_is_the_papers_formula(start, end, f):
    formula = end + (start - end) * (1 + math.cos(math.pi * f)) / 2
    assert curve("cosine", start, end).at(f) == pytest.approx(formula, abs=1e-12)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_curve_survives_its_dictionary(family):
    original = curve(family, 0.6, 0.2)
    assert curve_from(original.to_dict()) == original


@pytest.mark.parametrize("f", [-0.01, 1.01, math.nan, math.inf])
def test_progress_outside_the_schedule_is_refused(f):
    with pytest.raises(InputError, match="progress must be"):
        curve("linear", 0.6, 0.2).at(f)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "lineer", "start": 1}, "Did you mean 'linear'.*Valid: constant, cosine, linear"),
        ({"start": 1}, "schedule families must be known ones; got 'None'"),
        ({"family": "linear", "start": 1, "stop": 2}, "got 'stop'.*Valid: end, start"),
        ({"family": "linear", "start": 1}, "'linear' needs end; got only start"),
        ({"family": "constant", "start": 1, "end": 2}, "got 'end'"),
        ({"family": "linear", "start": -0.1, "end": 0}, "start must not be negative; got -0.1 nats"),
        ({"family": "linear", "start": "0.6", "end": 0}, "start must be a number; got '0.6'"),
        ({"family": "linear", "start": math.nan, "end": 0}, "start must be a number; got nan"),
        ({"family": "cosine", "start": 1, "end": math.inf}, "end must be finite; got inf"),
        ({"family": "constant", "start": None}, "start must be a number; got None"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        curve_from(options)
