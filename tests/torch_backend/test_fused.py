"""The fused passes: what `test_qwen3` does not see of them from outside."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harness.torch_backend.fused import decode, scores
from harness.torch_backend.fused.arena import Arena
from harness.torch_backend.fused.kernels import _exp
from harness.torch_backend.fused.tokens import packed
from harness.torch_backend.policy import Policy
from harness.torch_backend.rollouts import Rollouts

PROMPTS = [[4, 20, 5, 21], [9, 21], [21]]
RESPONSES = [[3, 4], [5, 6, 7, 1], [8, 1], [1], [9, 9, 9], [10]]


@pytest.fixture
def policy(tiny: Path) -> Policy:
    return Policy.load(tiny, torch.device("cpu"))


def rollouts(policy: Policy) -> Rollouts:
    return policy.rollouts(PROMPTS, RESPONSES)


def test_one_thread_uses_them_and_two_do_not(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("harness.torch_backend.qwen3.scores", lambda *_: calls.append("fused") or (None, None))
    policy.score(rollouts(policy), 1.0, False)
    assert isinstance(policy.model.new_cache(1, 1), decode.Cache)
    torch.set_num_threads(2)
    try:
        policy.score(rollouts(policy), 1.0, False)
        assert not isinstance(policy.model.new_cache(1, 1), decode.Cache)
    finally:
        torch.set_num_threads(1)
    assert calls == ["fused"]


def test_each_token_sees_its_prompt_and_its_own_response(policy: Policy) -> None:
    """By definition: the tokens in a row's order, one row at a time."""
    tokens, target = packed(rollouts(policy))
    assert tokens.first == sum(len(prompt) - 1 for prompt in PROMPTS)
    seen = [[*range(*ranges[:2]), *range(*ranges[2:])] for ranges in tokens.seen.tolist()]
    rows = [[*PROMPTS[b // 2], *response[:-1]] for b, response in enumerate(RESPONSES)]
    places = [(b, r) for b, response in enumerate(RESPONSES) for r in range(len(response))]
    assert target.tolist() == [b * 4 + r for b, r in places]
    for token, (b, r) in enumerate(places, start=tokens.first):
        until = len(PROMPTS[b // 2]) + r
        assert [int(tokens.ids[other]) for other in seen[token]] == rows[b][:until]
        assert [int(tokens.position[other]) for other in seen[token]] == list(range(until))
    assert tokens.most_seen == max(map(len, seen))


def test_a_pass_is_not_disturbed_by_another_before_its_backward(policy: Policy) -> None:
    weights = list(policy.model.parameters())

    def loss(sign: float) -> Tensor:
        score = policy.score(rollouts(policy), 1.0, True)
        assert score.entropy is not None
        return (sign * score.log_prob + score.entropy).sum()

    alone = [torch.autograd.grad(loss(sign), weights) for sign in (1.0, -2.0)]
    one, other = loss(1.0), loss(-2.0)
    policy.score_all(rollouts(policy), 1.0, True, 2)
    together = [torch.autograd.grad(one, weights, retain_graph=True), torch.autograd.grad(other, weights)]
    again = torch.autograd.grad(one, weights)
    for expected, found in zip([*alone, alone[0]], [*together, again], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


def test_weights_that_change_before_the_backward_pass_are_refused(policy: Policy) -> None:
    log_prob = policy.score(rollouts(policy), 1.0, False).log_prob.sum()
    with torch.no_grad():
        policy.model.embed.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        log_prob.backward()


def test_memory_is_used_again_when_a_pass_is_done(policy: Policy) -> None:
    policy.score(rollouts(policy), 1.0, False).log_prob.sum().backward()
    idle = list(map(id, scores._ARENAS))
    for _ in range(3):
        policy.score(rollouts(policy), 1.0, False).log_prob.sum().backward()
        policy.score_all(rollouts(policy), 1.0, True, 4)
    assert sorted(map(id, scores._ARENAS)) == sorted(idle)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_stays_so(bad: float, policy: Policy) -> None:
    """The updater looks at the loss to refuse it: bounds inside the kernels must not hide it."""
    with torch.no_grad():
        policy.model.norm[0] = bad
    assert not policy.score(rollouts(policy), 1.0, False).log_prob[0, 0].isfinite()


@given(st.floats(-87, 88, width=32))
def test_exp(x: float) -> None:
    assert float(_exp(np.float32(x))) == pytest.approx(math.exp(x), rel=2.4e-7)


def test_exp_at_and_beyond_its_range() -> None:
    assert _exp(np.float32(0)) == 1
    assert math.isnan(_exp(np.float32(math.nan)))
    assert 0 < _exp(np.float32(-math.inf)) < 1.3e-38
    assert _exp(np.float32(math.inf)) > 2e38


def test_an_arena_gives_distinct_memory_until_it_is_released() -> None:
    arena, again = Arena(), []
    for _ in range(2):  # the first pass comes from the allocator, the second from the block
        arena.reset()
        arrays = [arena.zeros(3, 5), arena.zeros(7), arena.zeros(2, 2)]
        for value, array in enumerate(arrays):
            array.fill(value)
        assert [set(array.ravel().tolist()) for array in arrays] == [{0.0}, {1.0}, {2.0}]
        mark = arena.mark()
        scratch = arena.empty(4)
        arena.release(mark)
        again.append(np.shares_memory(scratch, arena.empty(4)))
        assert not any(np.shares_memory(scratch, array) for array in arrays)
    assert again == [False, True]
