import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_batches import batch

from harness.core.band import Band
from harness.errors import ConfigError, StateError
from harness.methods import build
from harness.methods.entropic import Entropic

R = [1.0, -1.0, -1.0, 1.0]
TARGET = Band(0.5, 0.5)
ENTROPIES = st.lists(st.floats(0, 3), max_size=15)


def run(method, state, entropies):
    alphas = []
    for entropy in entropies:
        action, state = method.act(batch(method, R, entropy, TARGET), state)
        alphas.append(action.metrics["control/alpha"])
    return alphas, state


def test_closed_form():
    method = Entropic(kp=1, ki=0.01)
    action, state = method.act(batch(method, R, 0.7, TARGET), method.initial_state())
    alpha = 0.2 + 0.01 * 0.2
    assert action.metrics == {"control/alpha": pytest.approx(alpha)}
    assert action.advantages == pytest.approx([1 + alpha, -(1 - alpha), -(1 - alpha), 1 + alpha])
    assert state == {"integral": pytest.approx(0.2)}
    assert (action.m, action.keep.all()) == (1, True)


def test_the_target_is_the_middle_of_the_band():
    method = Entropic()
    action, _ = method.act(batch(method, R, 0.5, Band(0.2, 0.8)), method.initial_state())
    assert action.metrics["control/alpha"] == 0
    assert action.advantages.tolist() == R


@pytest.mark.parametrize(("variant", "alpha", "wrong"), [("paper", 1.0, 0.0), ("released", 2.525, 1.525)])
def test_only_the_released_variant_turns_wrong_rollouts_into_right_ones(variant, alpha, wrong):
    method = Entropic(variant=variant)
    action, _ = method.act(batch(method, R, 3.0, TARGET), method.initial_state())
    assert action.advantages == pytest.approx([1 + alpha, wrong, wrong, 1 + alpha])


@given(st.sampled_from(["paper", "released"]), ENTROPIES, ENTROPIES)
def test_resumed_equals_uninterrupted(variant, before, after):
    method = Entropic(variant=variant)
    whole = run(method, method.initial_state(), before + after)
    first, state = run(method, method.initial_state(), before)
    second, end = run(method, json.loads(json.dumps(state)), after)
    assert (first + second, end) == whole


def test_a_resume_that_lost_the_state_is_refused():
    method = Entropic()
    with pytest.raises(StateError, match="needs its integral"):
        method.act(batch(method, R, 0.7, TARGET), {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "release"}, "variant must be one of paper, released; got 'release'"),
        ({"kp": -1}, "'entropic': kp must be at least 0; got -1"),
        ({"ki": "inf"}, "ki must be finite"),
        ({"gamma": 10}, "got 'gamma'"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        build({"name": "entropic", **options})
