import numpy as np
import pytest
from method_batches import batch

from harness.core.band import Band
from harness.errors import InputError
from harness.methods import METHODS, build

R = [1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0]  # two groups of four
GRPO = [1.5, -0.5, -0.5, -0.5, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "advantages"),
    [
        ("grpo", GRPO),
        ("gspo", GRPO),
        ("entropy_loss", GRPO),
        ("clip_higher", GRPO),
        ("clip_cov", GRPO),
        ("entrocraft", GRPO),
        ("band_switch", GRPO),
        ("reinforce", R),
        ("entropic", R),
        ("raftpp", [1, 0, 0, 0, 1, 1, 1, 1]),
        ("psr", [1, 0, 0, 0, 1, 1, 1, 1]),
        ("nsr", [0, -1, -1, -1, 0, 0, 0, 0]),
        ("w_reinforce", [0.1, -1, -1, -1, 0.1, 0.1, 0.1, 0.1]),
    ],
)
def test_closed_form(name, advantages):
    assert batch(build({"name": name}), R).advantages == pytest.approx(advantages, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("psr", [1, 0, 0, 0, 1, 1, 1, 1]), ("nsr", [0, 1, 1, 1, 0, 0, 0, 0]), ("raftpp", [1] * 8)],
)
def test_psr_and_nsr_drop_rows_where_raft_keeps_zeros(name, kept):
    method = build({"name": name})
    action, _ = method.act(batch(method, R), {})
    assert action.keep.tolist() == [bool(k) for k in kept]


@pytest.mark.parametrize("name", ["raftpp", "psr", "nsr", "w_reinforce", "entropic", "band_switch"])
def test_zero_one_rewards_are_refused_where_signs_are_read(name):
    method = build({"name": name})
    with pytest.raises(InputError, match=r"\+1 for correct and -1 for wrong"):
        method.act(batch(method, [1.0, 0.0], band=Band(0, 0)), method.initial_state())


@pytest.mark.parametrize("name", list(METHODS))
def test_a_failed_grader_is_never_a_reward(name):
    with pytest.raises(InputError, match="failed grader"):
        build({"name": name}).advantages(np.array([1.0, np.nan]), np.array([0, 0]))
