"""The whole loss of a mini-batch: its value, its gradients, its metrics, and the sum of its micro-batches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from random_batches import Case, case
from torch import Tensor
from verl_formulas import clip_cov_candidates, gspo, k3, seq_mean_token_mean, token_mean, vanilla

from harness.losses.aggregate import aggregate
from harness.losses.objective import LossInputs, LossParts, needs_entropy, objective
from harness.losses.surrogate import Clip
from harness.methods.plan import ClipCov, EntropyBonus, LossPlan

CLIP = Clip(0.2, 0.28, 3.0)
PLANS = [LossPlan(), LossPlan("sequence"), LossPlan(terms=(EntropyBonus(0.3),))]


def evaluated(plan: LossPlan, data: Case, weights: Tensor, rows: slice = slice(None), kl: float = 0.1) -> LossParts:
    inputs = LossInputs(
        log_prob=data.log_prob[rows],
        old_log_prob=data.old[rows],
        advantages=data.advantages[rows],
        mask=data.mask[rows],
        weights=weights[rows],
        entropy=data.entropy[rows],
        reference_log_prob=data.reference[rows],
    )
    return objective(plan, CLIP, kl, inputs, torch.Generator().manual_seed(4))


def surrogates(plan: LossPlan, data: Case) -> list[list[float]]:
    news, olds, advantages = data.rows(data.log_prob), data.rows(data.old), data.advantages.tolist()
    if plan.ratio == "sequence":
        return [
            [token.loss for token in gspo(n, o, a, CLIP.low, CLIP.high)]
            for n, o, a in zip(news, olds, advantages, strict=True)
        ]
    return [
        [vanilla(x, y, a, CLIP.low, CLIP.high, CLIP.dual).loss for x, y in zip(n, o, strict=True)]
        for n, o, a in zip(news, olds, advantages, strict=True)
    ]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_surrogate_minus_entropy_plus_divergence(plan: LossPlan) -> None:
    data = case(11)
    divergences = [
        [k3(x, y) for x, y in zip(n, r, strict=True)]
        for n, r in zip(data.rows(data.log_prob), data.rows(data.reference), strict=True)
    ]
    policy, divergence = token_mean(surrogates(plan, data)), token_mean(divergences)
    entropy = token_mean(data.rows(data.entropy))
    bonus = sum(term.coefficient for term in plan.terms if isinstance(term, EntropyBonus))
    parts = evaluated(plan, data, aggregate("token_mean", data.mask))
    assert parts.loss.item() == pytest.approx(policy - bonus * entropy + 0.1 * divergence, rel=1e-6)
    assert parts.metrics["actor/pg_loss"].item() == pytest.approx(policy, rel=1e-6)
    assert parts.metrics["actor/kl_loss"].item() == pytest.approx(divergence, rel=1e-6)
    assert ("actor/entropy_loss" in parts.metrics) == (bonus > 0) == needs_entropy(plan)
    if bonus:
        assert parts.metrics["actor/entropy_loss"].item() == pytest.approx(entropy, rel=1e-6)


def test_the_entropy_bonus_pushes_entropy_up_by_its_coefficient() -> None:
    data = case(12)
    weights = aggregate("token_mean", data.mask)
    (slope,) = torch.autograd.grad(evaluated(PLANS[2], data, weights).loss, data.entropy)
    torch.testing.assert_close(slope, (-0.3 * weights).double())


def test_clip_fractions_and_ppo_kl_are_verls_masked_means() -> None:
    data = case(13, rows=40, spread=1.0)
    metrics = evaluated(LossPlan(), data, aggregate("token_mean", data.mask)).metrics
    tokens = [
        (a, vanilla(new, old, a, CLIP.low, CLIP.high, CLIP.dual), old - new)
        for n, o, a in zip(data.rows(data.log_prob), data.rows(data.old), data.advantages.tolist(), strict=True)
        for new, old in zip(n, o, strict=True)
    ]
    up, down = sum(t.clipped and a > 0 for a, t, _ in tokens), sum(t.clipped and a < 0 for a, t, _ in tokens)
    assert up > 0 and down > 0
    assert (metrics["actor/clipfrac_up"].item(), metrics["actor/clipfrac_down"].item()) == (up, down)
    assert metrics["actor/pg_clipfrac_lower"].item() == sum(t.lower for _, t, _ in tokens) > 0
    assert metrics["actor/ppo_kl"].item() == pytest.approx(sum(kl for *_, kl in tokens), rel=1e-9)
    assert not any(value.requires_grad for value in metrics.values())


def test_clip_cov_takes_tokens_out_of_the_surrogate_and_no_others() -> None:
    """verl `compute_policy_loss_clip_cov`: no dual clip, the removed tokens stay in the denominator."""
    data, term = case(14), ClipCov(0.05, 0.3, 1.5)
    weights = aggregate("token_mean", data.mask)
    tokens = [
        [vanilla(x, y, a, CLIP.low, CLIP.high, None) for x, y in zip(n, o, strict=True)]
        for n, o, a in zip(data.rows(data.log_prob), data.rows(data.old), data.advantages.tolist(), strict=True)
    ]
    candidates = clip_cov_candidates(
        data.rows(data.log_prob),
        data.advantages.tolist(),
        [[t.clipped for t in row] for row in tokens],
        0.3,
        1.5,
    )
    count = min(len(candidates), max(1, int(0.05 * int(data.mask.sum()))))
    order = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(4))[:count].tolist()
    removed = {candidates[index] for index in order}
    assert len(removed) > 1
    kept = [[0.0 if (i, t) in removed else token.loss for t, token in enumerate(row)] for i, row in enumerate(tokens)]
    parts = evaluated(LossPlan(terms=(term,)), data, weights, kl=0.0)
    assert parts.loss.item() == pytest.approx(token_mean(kept), rel=1e-6)
    (slope,) = torch.autograd.grad(parts.loss, data.log_prob)
    for i, row in enumerate(tokens):
        for t, token in enumerate(row):
            wanted = 0.0 if (i, t) in removed else token.slope * float(weights[i, t])
            assert float(slope[i, t]) == pytest.approx(wanted, rel=1e-6, abs=1e-12)


@given(
    plan=st.sampled_from(PLANS),
    average=st.sampled_from(["token_mean", "seq_mean_token_mean", "eq5"]),
    pieces=st.integers(1, 12),
    seed=st.integers(0, 50),
)
def test_micro_batches_add_up_to_the_mini_batch(plan: LossPlan, average: str, pieces: int, seed: int) -> None:
    data = case(seed)
    rows = torch.rand(12, generator=torch.Generator().manual_seed(seed)) if average == "eq5" else None
    weights = aggregate(average, data.mask, rows)
    whole = evaluated(plan, data, weights)
    (expected,) = torch.autograd.grad(whole.loss, data.log_prob)
    parts = [evaluated(plan, data, weights, slice(i, i + pieces)) for i in range(0, 12, pieces)]
    (summed,) = torch.autograd.grad(torch.stack([part.loss for part in parts]).sum(), data.log_prob)
    torch.testing.assert_close(summed, expected, rtol=1e-12, atol=1e-12)
    for name, value in whole.metrics.items():
        total = sum(part.metrics[name].item() for part in parts)
        assert total == pytest.approx(value.item(), rel=1e-9, abs=1e-12), name


@given(
    kept=st.lists(st.booleans(), min_size=12, max_size=12).filter(any),
    plan=st.sampled_from(PLANS[:2]),
    average=st.sampled_from([("token_mean", token_mean), ("seq_mean_token_mean", seq_mean_token_mean)]),
)
def test_rows_that_are_dropped_leave_every_denominator(kept: list[bool], plan: LossPlan, average) -> None:  # type: ignore[no-untyped-def]
    data, (name, formula) = case(15), average
    rows = torch.tensor(kept)
    mini = Case(
        data.log_prob[rows],
        *(v[rows] for v in (data.old, data.reference, data.entropy)),
        data.advantages[rows],
        data.mask[rows],
    )
    expected = formula([row for row, keep in zip(surrogates(plan, data), kept, strict=True) if keep])
    loss = evaluated(plan, mini, aggregate(name, mini.mask), kl=0.0).loss.item()
    assert loss == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_without_a_reference_there_is_no_divergence() -> None:
    data = case(1)
    inputs = LossInputs(data.log_prob, data.old, data.advantages, data.mask, aggregate("token_mean", data.mask))
    parts = objective(LossPlan(), CLIP, 0.1, inputs, torch.Generator())
    assert "actor/kl_loss" not in parts.metrics
    assert parts.loss.item() == parts.metrics["actor/pg_loss"].item()
