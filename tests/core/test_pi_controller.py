import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.pi import PIController, PIState
from harness.errors import ConfigError, InputError, StateError

ERRORS = st.lists(st.floats(-3, 3), max_size=30)
CONTROLLERS = st.builds(PIController, st.floats(0, 5), st.floats(0, 1), st.floats(0, 2) | st.just(math.inf))


def run(controller, state, errors):
    alphas = []
    for error in errors:
        alpha, state = controller.step(state, error)
        alphas.append(alpha)
    return alphas, state


def test_closed_form_of_a_constant_error():
    alphas, state = run(PIController(1, 0.1, 1), PIState(), [0.2] * 4)
    assert alphas == pytest.approx([0.22, 0.24, 0.26, 0.28])
    assert state.integral == pytest.approx(0.8)


def test_the_limit_holds_alpha_and_not_the_integral():
    alphas, state = run(PIController(1, 0.01, 1), PIState(), [-3.0, -3.0])
    assert alphas == [-1, -1]
    assert state.integral == -6


def test_without_limit():
    assert PIController(limit=math.inf).step(PIState(), 3.0)[0] == pytest.approx(3.03)


@given(CONTROLLERS, ERRORS, ERRORS)
def test_resumed_from_a_dictionary_equals_uninterrupted(controller, before, after):
    whole, end = run(controller, PIState(), before + after)
    first, state = run(controller, PIState(), before)
    restored = PIState.from_dict(json.loads(json.dumps(state.to_dict())))
    again = PIController.from_dict(json.loads(json.dumps(controller.to_dict())))
    second, resumed_end = run(again, restored, after)
    assert (first + second, resumed_end) == (whole, end)


@given(CONTROLLERS, ERRORS)
def test_alpha_is_odd_in_the_errors_and_within_the_limit(controller, errors):
    alphas, _ = run(controller, PIState(), errors)
    mirrored, _ = run(controller, PIState(), [-e for e in errors])
    assert mirrored == pytest.approx([-a for a in alphas])
    assert all(abs(a) <= controller.limit for a in alphas)


@pytest.mark.parametrize(("gain", "value"), [("kp", -1), ("kp", math.inf), ("ki", math.nan), ("limit", -1)])
def test_bad_gains_are_refused(gain, value):
    with pytest.raises(InputError, match=f"{gain} must be"):
        PIController(**{gain: value})


def test_an_error_that_is_nan_is_refused():
    with pytest.raises(InputError, match="the error must be a number; got nan"):
        PIController().step(PIState(), math.nan)


def test_a_state_without_integral_does_not_restart_silently():
    with pytest.raises(StateError, match="needs its integral"):
        PIState.from_dict({})
    with pytest.raises(ConfigError, match="got 'sum'"):
        PIState.from_dict({"integral": 1.0, "sum": 2.0})
