from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_batches import case
from verl_formulas import k3 as verl_k3

from harness.losses.kl import k3

NATS = st.floats(-60, 0)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_verls_low_var_kl(seed: int) -> None:
    data = case(seed)
    expected = [
        verl_k3(new, reference)
        for news, references in zip(data.rows(data.log_prob), data.rows(data.reference), strict=True)
        for new, reference in zip(news, references, strict=True)
    ]
    assert k3(data.log_prob, data.reference)[data.mask].tolist() == pytest.approx(expected, rel=1e-12)


@given(NATS, NATS)
def test_it_is_never_negative_never_above_its_bound_and_verls(log_prob: float, reference: float) -> None:
    value = k3(torch.tensor(log_prob, dtype=torch.float64), torch.tensor(reference, dtype=torch.float64)).item()
    assert 0 <= value <= 10
    assert value == pytest.approx(verl_k3(log_prob, reference), rel=1e-9, abs=1e-12)


@given(NATS)
def test_it_is_zero_with_zero_slope_where_they_agree(log_prob: float) -> None:
    policy = torch.tensor(log_prob, dtype=torch.float64, requires_grad=True)
    value = k3(policy, policy.detach())
    assert value.item() == 0
    assert torch.autograd.grad(value, policy)[0].item() == 0


def test_its_slope_is_one_minus_the_ratio_and_none_beyond_the_bound() -> None:
    policy = torch.tensor([-1.0, -2.0, -9.0], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([-1.5, -1.2, -1.0], dtype=torch.float64)  # the last gives e^8 - 9, above 10
    (slope,) = torch.autograd.grad(k3(policy, reference).sum(), policy)
    ratio = (reference - policy).exp()
    assert slope[:2].tolist() == pytest.approx((1 - ratio)[:2].tolist(), rel=1e-12)
    assert slope[2].item() == 0


def test_its_mean_over_the_policy_is_the_divergence() -> None:
    """E_p[k3] = KL(p || q), summed exactly over a vocabulary of 7."""
    generator = torch.Generator().manual_seed(0)
    p, q = torch.randn(2, 7, dtype=torch.float64, generator=generator).log_softmax(dim=-1)
    assert (p.exp() * k3(p, q)).sum().item() == pytest.approx((p.exp() * (p - q)).sum().item(), rel=1e-12)
