"""The updates of a step on a batch that the tests make: which rows enter, how often, with what gradient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import same, small
from torch import Tensor

from harness.config import RunConfig
from harness.errors import StateError
from harness.losses.kl import k3
from harness.losses.surrogate import token_surrogate
from harness.methods import Action
from harness.torch_backend.generate import Sampling
from harness.torch_backend.policy import Policy
from harness.torch_backend.qwen3 import LeanQwen3
from harness.torch_backend.rollouts import Rollouts
from harness.torch_backend.update import Prepared, Updater

CPU = torch.device("cpu")
GROUPS = np.repeat(np.arange(4), 4)
QUESTIONS = ["3 7 2=13", "1 1 4=2", "13 12 11=10", "9 8 7=65"]
REJECTED = [1, 2, 6, 8, 9, 10, 11]  # all of question 2
ONE_UPDATE = ("trainer.epochs=1", "trainer.mini_batches=1", "trainer.max_grad_norm=1e9")
SENTINEL = 2  # <unk>, which the policy does not sample here


def updater(tiny: Path, config: RunConfig) -> Updater:
    return Updater(Policy.load(tiny, CPU), config.method.loss(), config.loss, config.trainer, config.seed)


def prepared(policy: Policy, rejected: list[int] = REJECTED) -> Prepared:
    """16 rollouts off the policy: log-probabilities from before are moved, so that ratios are clipped."""
    prompts = policy.prompts(QUESTIONS)
    generator = torch.Generator().manual_seed(8)
    responses = policy.sample(prompts, 4, Sampling(max_new_tokens=12), generator)
    rollouts = policy.rollouts(prompts, responses)
    score = policy.score_all(rollouts, 1.0, False, 256)
    old = score.log_prob + 0.3 * torch.randn(score.log_prob.shape, generator=generator)
    reference = score.log_prob + 0.2 * torch.randn(score.log_prob.shape, generator=generator)
    advantages = np.random.default_rng(0).standard_normal(16)
    keep = np.ones(16, dtype=np.bool_)
    keep[rejected] = False
    return Prepared(rollouts, old, reference, GROUPS, Action(advantages, keep))


def weights(of: Updater) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in of.policy.model.state_dict().items()}


def gradients(of: Updater) -> Tensor:
    """Of the last update, all in one vector."""
    return torch.cat([parameter.grad.flatten() for parameter in of.parameters if parameter.grad is not None])


def with_other_rejected_rows(batch: Prepared) -> Prepared:
    """The rejected rows made unusable: sentinels for tokens, NaN for log-probabilities, huge advantages."""
    rows = torch.tensor(REJECTED)
    responses, old, reference = (
        batch.rollouts.responses.clone(),
        batch.old_log_prob.clone(),
        batch.reference_log_prob,
    )
    assert reference is not None
    reference = reference.clone()
    responses[rows], old[rows], reference[rows] = SENTINEL, torch.nan, torch.nan
    advantages = batch.action.advantages.copy()
    advantages[REJECTED] = 1e6
    rollouts = replace(batch.rollouts, responses=responses)
    return replace(
        batch, rollouts=rollouts, old_log_prob=old, reference_log_prob=reference,
        action=replace(batch.action, advantages=advantages),
    )  # fmt: skip


PAIRS = [(method, average) for method in ("grpo", "entropy_loss", "clip_cov") for average in ("token_mean", "eq5")]
PAIRS += [("gspo", "seq_mean_token_mean"), ("gspo", "eq5")]


@pytest.mark.parametrize(("method", "average"), PAIRS)
def test_rejected_rows_do_not_touch_the_update(method: str, average: str, tiny: Path) -> None:
    config = small(method, f"loss.average={average}")
    one, other = updater(tiny, config), updater(tiny, config)
    batch = prepared(one.policy)
    metrics = one.step(batch, 1), other.step(with_other_rejected_rows(batch), 1)
    assert metrics[0] == metrics[1]
    assert same(weights(one), weights(other))
    assert not same(weights(one), weights(updater(tiny, config)))


@pytest.mark.parametrize("rows", ["null", "3"])
def test_no_forward_pass_sees_a_rejected_row(rows: str, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = updater(tiny, small("grpo", f"trainer.micro_batch_rows={rows}"))
    batch = with_other_rejected_rows(prepared(subject.policy))
    seen: list[Tensor] = []
    forward = subject.policy.model.scores

    def spy(rollouts: Rollouts, *asked: Any) -> Any:
        seen.extend(rollouts.responses[row, : rollouts.response_length[row]] for row in range(len(rollouts)))
        return forward(rollouts, *asked)

    monkeypatch.setattr(subject.policy.model, "scores", spy)
    subject.step(batch, 1)
    assert len(seen) == 2 * (16 - len(REJECTED))  # epochs x kept rows
    assert not any((answer == SENTINEL).any() for answer in seen)


@pytest.mark.parametrize(("kept", "per_epoch"), [(16, 4), (9, 4), (4, 4), (3, 3), (1, 1), (0, 0)])
def test_the_number_of_updates_is_what_is_configured_while_there_are_rows(
    kept: int, per_epoch: int, tiny: Path
) -> None:
    subject = updater(tiny, small("grpo", "trainer.mini_batches=4"))
    metrics = subject.step(prepared(subject.policy, rejected=list(range(kept, 16))), 1)
    assert metrics["actor/updates"] == 2 * per_epoch
    steps = [int(state["step"]) for state in subject.optimizer.state.values()]
    assert set(steps) == ({2 * per_epoch} if kept else set())


@contextmanager
def double() -> Iterator[None]:
    """Everything new in float64; a model still has to be converted."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("method", "average"), [pair for pair in PAIRS if pair[0] != "clip_cov"])
@pytest.mark.parametrize("rows", [1, 5])
def test_micro_batches_give_the_gradient_of_the_mini_batch(method: str, average: str, rows: int, tiny: Path) -> None:
    """In float64: in float32 the two differ by up to 3e-6 of the norm, from the order of the sums alone."""
    whole = updater(tiny, small(method, f"loss.average={average}", *ONE_UPDATE))
    cut = updater(tiny, small(method, f"loss.average={average}", *ONE_UPDATE, f"trainer.micro_batch_rows={rows}"))
    batch = prepared(whole.policy)
    for subject in (whole, cut):
        subject.policy.model.double()
    with double():
        first, second = whole.step(batch, 1), cut.step(batch, 1)
    assert first == pytest.approx(second, rel=1e-6, abs=1e-7)
    assert (gradients(whole) - gradients(cut)).norm() < 1e-6 * gradients(whole).norm()


def by_hand(policy: Policy, batch: Prepared, config: RunConfig) -> Tensor:
    """Eq. 5 with its KL term, rollout by rollout: each alone in a batch, sums in loops."""
    keep, questions = batch.action.keep, []
    assert batch.reference_log_prob is not None
    for question in range(4):
        sums = []
        for row in np.flatnonzero(keep & (question == GROUPS)):
            rows = torch.tensor([row])
            length = int(batch.rollouts.response_length[row])
            log_prob = policy.score(batch.rollouts[rows], 1.0, False).log_prob
            old, reference = batch.old_log_prob[rows, :length], batch.reference_log_prob[rows, :length]
            advantage = torch.tensor(batch.action.advantages[[row]], dtype=torch.float32)
            clip = updater(policy.folder, config).clip
            sums.append(
                (
                    token_surrogate(log_prob, old, advantage, clip).loss + config.loss.kl_coef * k3(log_prob, reference)
                ).sum()
            )
        if sums:
            questions.append(torch.stack(sums).mean())
    assert len(questions) == 3  # one question has lost all its rollouts
    return torch.stack(questions).mean()


@pytest.mark.parametrize(("form", "within"), [("autograd", 1e-5), ("fused", 2e-5)])
def test_eq5_is_the_papers_equation_on_the_kept_rollouts(
    form: str, within: float, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "autograd":
        monkeypatch.setattr(LeanQwen3, "_fused", lambda _: False)
    config = small("grpo", "loss.average=eq5", "loss.kl_coef=0.2", *ONE_UPDATE)
    subject, fresh = updater(tiny, config), Policy.load(tiny, CPU)
    batch = prepared(subject.policy)
    metrics = subject.step(batch, 1)
    loss = by_hand(fresh, batch, config)
    loss.backward()
    # A float32 log-probability of -20 is rounded by 2e-6; a row packed alone is rounded otherwise, exp passes it on.
    assert metrics["actor/pg_loss"] + 0.2 * metrics["actor/kl_loss"] == pytest.approx(loss.item(), rel=within)
    expected = torch.cat([p.grad.flatten() for p in fresh.model.parameters() if p.grad is not None])
    assert (gradients(subject) - expected).norm() < 1e-5 * expected.norm()
    assert metrics["actor/grad_norm"] == pytest.approx(float(expected.norm()), rel=within)


def test_eq5_over_mini_batches_has_the_same_mean_loss(tiny: Path) -> None:
    """With steps too small to move the policy, the mean over mini-batches is the loss of the whole batch."""
    tiny_steps = ("loss.average=eq5", "trainer.lr=1e-12", "trainer.epochs=1", "loss.kl_coef=0")
    losses = []
    for parts in (1, 2, 4):
        subject = updater(tiny, small("grpo", *tiny_steps, f"trainer.mini_batches={parts}"))
        losses.append(subject.step(prepared(subject.policy), 1)["actor/pg_loss"])
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-4)


def test_the_gradient_is_clipped_to_its_norm(tiny: Path) -> None:
    small_norm = small("grpo", "trainer.epochs=1", "trainer.mini_batches=1", "trainer.max_grad_norm=0.01")
    subject = updater(tiny, small_norm)
    metrics = subject.step(prepared(subject.policy), 1)
    assert metrics["actor/grad_norm"] > 0.1  # as measured before clipping
    assert gradients(subject).norm() == pytest.approx(0.01, rel=1e-3)


def test_every_update_has_a_gradient_of_its_own(tiny: Path) -> None:
    """With steps too small to move the policy, a second epoch's gradient is the first one's, not twice it."""
    norms = []
    for epochs in (1, 3):
        still = ("trainer.lr=1e-12", "trainer.mini_batches=1", "trainer.max_grad_norm=1e9")
        subject = updater(tiny, small("grpo", *still, f"trainer.epochs={epochs}"))
        subject.step(prepared(subject.policy), 1)
        norms.append(float(gradients(subject).norm()))
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)


def test_a_loss_that_is_not_finite_is_refused_before_the_weights_move(tiny: Path) -> None:
    subject = updater(tiny, small("grpo"))
    batch = prepared(subject.policy)
    before = weights(subject)
    batch.old_log_prob[:] = torch.nan
    with pytest.raises(StateError, match=r"loss nan, norm .* at update 1 of \d+ in step 1\. Go on"):
        subject.step(batch, 1)
    assert same(weights(subject), before)
