import numpy as np
import pytest
from method_batches import batch

from harness.core.band import Band
from harness.methods.band_switch import BandSwitch

R = [1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]  # the second group is all wrong
BAND = Band(0.4, 0.6)


@pytest.mark.parametrize(
    ("entropy", "m", "advantages"),
    [
        (0.7, 1, [1, 0, 0, 0, 0, 0, 0, 0]),
        (0.3, -1, [0, -1, -1, -1, -1, -1, -1, -1]),
        (0.5, 0, [1.5, -0.5, -0.5, -0.5, 0, 0, 0, 0]),
        (0.6, 0, [1.5, -0.5, -0.5, -0.5, 0, 0, 0, 0]),
    ],
)
def test_three_branches_and_no_row_dropped(entropy, m, advantages):
    method = BandSwitch()
    action, state = method.act(batch(method, R, entropy, BAND), {})
    assert action.advantages == pytest.approx(advantages, abs=1e-5)
    assert (action.m, action.keep.all(), state) == (m, True, {})


def test_inside_the_band_the_base_decides_what_is_kept():
    method = BandSwitch("psr")
    assert method.act(batch(method, R, 0.5, BAND), {})[0].keep.sum() == 1
    assert method.act(batch(method, R, 0.7, BAND), {})[0].keep.all()


def test_no_random_number_is_drawn():
    method = BandSwitch()
    actions = [method.act(batch(method, R, 0.7, BAND, step), {})[0].advantages for step in (1, 2)]
    assert np.array_equal(*actions)
