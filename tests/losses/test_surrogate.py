"""The surrogates against verl's formulas, values and gradients, with every branch of the clips taken."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_batches import Case, case
from verl_formulas import Token, gspo, vanilla

from harness.losses.surrogate import Clip, Surrogate, sequence_surrogate, token_surrogate

CLIPS = [
    Clip(0.2, 0.2, 3.0),
    Clip(0.2, 0.28, 3.0),
    Clip(0.2, 0.2, None),
    Clip(1.0, 1.0, 10.0),
    Clip(0.1, 0.5, 1.6),
]


def token_reference(data: Case, clip: Clip) -> list[list[Token]]:
    return [
        [vanilla(new, old, a, clip.low, clip.high, clip.dual) for new, old in zip(news, olds, strict=True)]
        for news, olds, a in zip(data.rows(data.log_prob), data.rows(data.old), data.advantages.tolist(), strict=True)
    ]


def sequence_reference(data: Case, clip: Clip) -> list[list[Token]]:
    return [
        gspo(news, olds, a, clip.low, clip.high)
        for news, olds, a in zip(data.rows(data.log_prob), data.rows(data.old), data.advantages.tolist(), strict=True)
    ]


def assert_equal(data: Case, surrogate: Surrogate, expected: list[list[Token]]) -> None:
    flat = [token for row in expected for token in row]
    assert surrogate.loss[data.mask].tolist() == pytest.approx([token.loss for token in flat], rel=1e-12)
    assert (surrogate.up | surrogate.down)[data.mask].tolist() == [token.clipped for token in flat]
    assert surrogate.dual[data.mask].tolist() == [token.lower for token in flat]
    (slope,) = torch.autograd.grad(surrogate.loss[data.mask].sum(), data.log_prob)
    assert slope[data.mask].tolist() == pytest.approx([token.slope for token in flat], rel=1e-12)
    assert (slope[~data.mask] == 0).all()


@pytest.mark.parametrize("clip", CLIPS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_token_surrogate_is_verls_vanilla(clip: Clip, seed: int) -> None:
    data = case(seed)
    surrogate = token_surrogate(data.log_prob, data.old, data.advantages, clip)
    assert_equal(data, surrogate, token_reference(data, clip))


@pytest.mark.parametrize("clip", CLIPS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_sequence_surrogate_is_verls_gspo(clip: Clip, seed: int) -> None:
    data, clip = case(seed), Clip(clip.low, clip.high, None)
    surrogate = sequence_surrogate(data.log_prob, data.old, data.advantages, data.mask, clip)
    assert_equal(data, surrogate, sequence_reference(data, clip))


def test_the_random_batches_take_every_branch() -> None:
    """Or the comparisons above would compare less than they say."""
    tokens = [token_surrogate(d.log_prob, d.old, d.advantages, CLIPS[0]) for d in map(case, range(4))]
    for name in ("up", "down", "dual"):
        assert sum(int(getattr(surrogate, name).sum()) for surrogate in tokens) >= 5, name
    rows = [sequence_surrogate(d.log_prob, d.old, d.advantages, d.mask, CLIPS[0]) for d in map(case, range(4))]
    assert sum(int(surrogate.up.sum()) for surrogate in rows) and sum(int(s.down.sum()) for s in rows)


def test_huge_log_ratios_stay_finite() -> None:
    data = case(1, spread=500.0)
    for surrogate in (
        token_surrogate(data.log_prob, data.old, data.advantages, Clip(0.2, 0.2, None)),
        sequence_surrogate(data.log_prob, data.old, data.advantages, data.mask, Clip(0.2, 0.2, None)),
    ):
        assert surrogate.loss.isfinite().all()


def test_token_gradient_by_finite_differences() -> None:
    data, clip, h = case(5), CLIPS[0], 1e-6

    def value(log_prob: torch.Tensor) -> torch.Tensor:
        return token_surrogate(log_prob, data.old, data.advantages, clip).loss

    (slope,) = torch.autograd.grad(value(data.log_prob).sum(), data.log_prob)
    with torch.no_grad():  # each token's loss depends on its own log-probability only
        central = (value(data.log_prob + h) - value(data.log_prob - h)) / (2 * h)
    torch.testing.assert_close(slope, central, rtol=1e-6, atol=1e-6)


def test_gspo_gradient_is_that_of_the_sequence_objective() -> None:
    """Zheng et al. 2025b, Eq. 5: the straight-through form differentiates mean_i -A_i clip(s_i) exactly."""
    data, clip, h = case(6), Clip(0.2, 0.2), 1e-6
    lengths = data.mask.sum(dim=1)

    def sequences(log_prob: torch.Tensor) -> torch.Tensor:
        s = (((log_prob - data.old) * data.mask).sum(dim=1) / lengths).exp()
        return torch.maximum(-data.advantages * s, -data.advantages * s.clamp(0.8, 1.2)).mean()

    surrogate = sequence_surrogate(data.log_prob, data.old, data.advantages, data.mask, clip)
    weights = data.mask / lengths[:, None] / len(lengths)
    (slope,) = torch.autograd.grad((surrogate.loss * weights).sum(), data.log_prob)
    with torch.no_grad():
        for i in range(len(lengths)):
            step = torch.zeros_like(data.log_prob)
            step[i, 0] = h
            central = (sequences(data.log_prob + step) - sequences(data.log_prob - step)) / (2 * h)
            assert float(slope[i, 0]) == pytest.approx(float(central), rel=1e-5, abs=1e-9)


@given(
    advantages=st.lists(st.floats(-4, 4), min_size=1, max_size=6),
    log_prob=st.floats(-20, 0),
    clip=st.sampled_from(CLIPS),
)
def test_at_ratio_one_the_loss_and_its_slope_are_minus_a(advantages: list[float], log_prob: float, clip: Clip) -> None:
    new = torch.full((len(advantages), 3), log_prob, dtype=torch.float64, requires_grad=True)
    a = torch.tensor(advantages, dtype=torch.float64)
    mask = torch.ones(new.shape, dtype=torch.bool)
    for surrogate in (
        token_surrogate(new, new.detach(), a, clip),
        sequence_surrogate(new, new.detach(), a, mask, clip),
    ):
        assert torch.equal(surrogate.loss, (-a[:, None]).expand_as(new))
        assert not (surrogate.up | surrogate.down | surrogate.dual).any()
        (slope,) = torch.autograd.grad(surrogate.loss.sum(), new)
        assert torch.equal(slope, (-a[:, None]).expand_as(new))


@given(ratio=st.floats(0.01, 20), advantage=st.floats(-4, 4), clip=st.sampled_from(CLIPS))
def test_clipping_is_pessimistic_and_dual_clip_bounds(ratio: float, advantage: float, clip: Clip) -> None:
    log_prob = torch.tensor([[ratio]], dtype=torch.float64).log()
    loss = token_surrogate(
        log_prob, torch.zeros(1, 1), torch.tensor([advantage], dtype=torch.float64), clip
    ).loss.item()
    free = -advantage * ratio
    bound = float("inf") if clip.dual is None or advantage >= 0 else -advantage * clip.dual
    assert loss >= min(free, bound) - 1e-9
    assert loss <= bound + 1e-9
