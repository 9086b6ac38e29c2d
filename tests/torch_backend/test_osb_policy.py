"""Baselines of real responses against transformers' own logits, and real one-sample updates against first order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from random_models import llama

from harness.core import output_space
from harness.core.output_space import VERSIONS, TokenBaselines, token_baselines
from harness.errors import InputError
from harness.torch_backend.generate import Sampling
from harness.torch_backend.output_space import Asked, Change, baselines, changes, entropies
from harness.torch_backend.policy import Policy

QUESTIONS = ["3 7 2=13", "11 5=6", "1 1 9=11"]
T = 0.6


def drawn(policy: Policy, n: int = 2) -> list[Asked]:
    prompts = policy.prompts(QUESTIONS)
    responses = policy.sample(prompts, n, Sampling(T, max_new_tokens=12), torch.Generator().manual_seed(1))
    return [Asked(prompts[row // n], response) for row, response in enumerate(responses)]


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def policy(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tiny if request.param == "qwen3" else llama(tmp_path_factory.mktemp("llama"), tiny)
    return Policy.load(folder, torch.device("cpu"))


def test_they_are_those_of_the_models_own_logits(policy: Policy) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(policy.folder, dtype=torch.float32)
    for asked in drawn(policy):
        found = baselines(policy, asked, T)
        assert found is not None
        with torch.no_grad():
            whole = model(torch.tensor([asked.prompt + asked.response])).logits[0, len(asked.prompt) - 1 : -1]
        expected = token_baselines(whole.numpy(), np.array(asked.response), T)
        for version in VERSIONS:
            np.testing.assert_allclose(found.baselines[version], expected.baselines[version], rtol=1e-2, atol=1e-3)
        np.testing.assert_allclose(found.log_prob, expected.log_prob, atol=2e-5)
        assert sum(found.entropy) == pytest.approx(entropies(policy, [asked], T)[0], rel=1e-5, abs=1e-5)


def test_pieces_are_the_whole(shipped: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = drawn(shipped)
    whole, sums = [baselines(shipped, each, T) for each in asked], entropies(shipped, asked, T)
    monkeypatch.setattr(output_space, "VALUES_AT_ONCE", 3 * shipped.tokenizer.vocab_size)
    monkeypatch.setattr("harness.torch_backend.output_space.ROWS_AT_ONCE", 2)
    for each, before in zip(asked, whole, strict=True):
        again = baselines(shipped, each, T)
        assert isinstance(again, TokenBaselines) and isinstance(before, TokenBaselines)
        np.testing.assert_allclose(again.gradient, before.gradient, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(entropies(shipped, asked, T), sums, rtol=1e-5)


def test_an_empty_response_has_no_tokens(shipped: Policy) -> None:
    empty = Asked(shipped.prompts(QUESTIONS)[0], [])
    assert baselines(shipped, empty, T) is None and entropies(shipped, [empty, *drawn(shipped)], T)[0] == 0
    with pytest.raises(InputError, match="with tokens"):
        changes(shipped, empty, [], T, 1e-3)


def test_an_update_changes_the_entropy_as_its_gradient_says_and_is_undone(tiny: Path) -> None:
    """Against a directional derivative: that of the entropy along the gradient of the log-probability."""
    policy = Policy.load(tiny, torch.device("cpu"))
    before = {name: tensor.clone() for name, tensor in policy.model.state_dict().items()}
    asked, *others = drawn(policy)
    lr = 1e-4
    found = changes(policy, asked, others, T, lr)
    assert all(torch.equal(before[name], tensor) for name, tensor in policy.model.state_dict().items())

    parameters = list(policy.model.parameters())
    score = policy.score(policy.rollouts([asked.prompt], [asked.response]), T, True)
    assert score.entropy is not None
    along = torch.autograd.grad(score.log_prob.mean(), parameters, retain_graph=True)
    slope = sum(
        float((a * b).sum()) for a, b in zip(along, torch.autograd.grad(score.entropy.mean(), parameters), strict=True)
    )
    measured = (found[1].own - found[-1].own) / (2 * lr)
    assert measured == pytest.approx(slope, rel=0.05)
    assert found[1].others is not None and found[1].others != found[1].own


def test_adams_first_step_is_another_one(shipped: Policy) -> None:
    asked = drawn(shipped)[0]
    gradient, adam = (changes(shipped, asked, [], T, 1e-4, step) for step in ("gradient", "adam"))
    assert gradient[1].own != adam[1].own and adam[1] == Change(adam[1].own, None)
    with pytest.raises(InputError, match="one of gradient, adam"):
        changes(shipped, asked, [], T, 1e-4, "sgd")
