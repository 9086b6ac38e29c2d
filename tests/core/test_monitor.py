import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.band import Band
from harness.core.diagnostics import Monitor
from harness.core.kept import kept_metrics
from harness.errors import InputError, StateError

ALL, NONE = np.ones(4, bool), np.zeros(4, bool)
ADVANTAGES = np.array([1.0, -1.0, 0.0, -1.0])
STEPS = st.lists(
    st.tuples(st.floats(0, 2), st.sampled_from([-1, 0, 1]), st.lists(st.booleans(), min_size=4, max_size=4)),
    max_size=25,
)


def observe(monitor, step, entropy, m=0, keep=ALL, band=None):
    return monitor.observe(step, entropy, band, m, keep, ADVANTAGES)


def test_tracking():
    metrics = observe(Monitor(), 1, 0.75, m=1, band=Band(0.4, 0.6))
    expected = {"entropy": 0.75, "m": 1, "target": 0.5, "low": 0.4, "high": 0.6, "tracking_error": 0.25}
    expected |= {"distance": 0.15, "in_band": 0, "streak": 1, "saturated": 0}
    assert {name: metrics[f"control/{name}"] for name in expected} == pytest.approx(expected)


def test_inside_the_band_the_distance_is_zero_and_the_error_is_not():
    metrics = observe(Monitor(), 1, 0.45, band=Band(0.4, 0.6))
    assert (metrics["control/in_band"], metrics["control/distance"]) == (1, 0)
    assert metrics["control/tracking_error"] == pytest.approx(0.05)


def test_without_a_band_its_metrics_are_left_out():
    metrics = observe(Monitor(), 1, 0.5)
    assert not {"control/target", "control/tracking_error", "control/in_band"} & set(metrics)


def test_authority_is_attributed_to_the_step_before():
    monitor = Monitor()
    assert not any("authority" in name for name in observe(monitor, 1, 0.5, m=1))
    second = observe(monitor, 2, 0.4, m=-1)
    assert second["control/authority_down"] == pytest.approx(-0.1)
    third = observe(monitor, 3, 0.43)
    assert third["control/authority_up"] == pytest.approx(0.03)
    assert "control/authority_down" not in third
    assert not any("authority" in name for name in observe(monitor, 4, 0.9))


def test_a_skipped_update_has_no_authority():
    monitor = Monitor()
    assert observe(monitor, 1, 0.5, m=1, keep=NONE)["control/skipped_update"] == 1
    assert not any("authority" in name for name in observe(monitor, 2, 0.4))


def test_saturation_after_ten_steps():
    monitor = Monitor()
    flags = [observe(monitor, t, 0.1, m=-1)["control/saturated"] for t in range(1, 13)]
    assert flags == [0.0] * 9 + [1.0] * 3


@given(STEPS, STEPS)
def test_resumed_equals_uninterrupted(before, after):
    monitor = Monitor()
    for step, (entropy, m, keep) in enumerate(before, start=1):
        observe(monitor, step, entropy, m, np.array(keep))
    resumed = Monitor.from_dict(json.loads(json.dumps(monitor.to_dict())))
    for step, (entropy, m, keep) in enumerate(after, start=len(before) + 1):
        arguments = (step, entropy, m, np.array(keep))
        assert observe(resumed, *arguments) == observe(monitor, *arguments)
    assert resumed == monitor


def test_kept_fractions():
    metrics = kept_metrics(np.array([True, True, True, False]), ADVANTAGES, np.array([0, 0, 1, 2]))
    assert metrics == {
        "control/kept": 0.75,
        "control/kept_positive": 1.0,
        "control/kept_negative": 0.5,
        "control/kept_rows": 3.0,
        "control/skipped_update": 0.0,
        "control/groups_without_kept": 1.0,
    }


def test_a_fraction_of_nothing_is_left_out():
    metrics = kept_metrics(np.array([True]), np.array([0.0]))
    assert "control/kept_positive" not in metrics
    assert "control/kept_negative" not in metrics


@pytest.mark.parametrize("step", [1, 3, 5])
def test_every_step_once_in_order(step):
    monitor = Monitor()
    observe(monitor, 3, 0.5)
    with pytest.raises(StateError, match=f"step {step} after step 3.*Monitor.from_dict"):
        observe(monitor, step, 0.5)


def test_a_refused_observation_leaves_the_state_alone():
    monitor = Monitor()
    observe(monitor, 1, 0.5, m=1)
    before = monitor.to_dict()
    with pytest.raises(InputError, match="booleans"):
        monitor.observe(2, 0.5, None, 1, np.array([1, 0, 1, 1]), ADVANTAGES)
    with pytest.raises(InputError, match="entropy"):
        observe(monitor, 2, float("nan"))
    assert monitor.to_dict() == before


def test_a_state_of_another_version_is_refused():
    with pytest.raises(StateError, match="keys"):
        Monitor.from_dict({"step": 3})
