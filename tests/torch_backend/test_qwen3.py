"""The lean Qwen3, fused and by autograd, against transformers' own, on the shipped weights and on random ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from random_models import QWEN3, qwen3
from safetensors.torch import load_file

from harness.torch_backend import hf_folder
from harness.torch_backend.generate import Sampling
from harness.torch_backend.hf_model import HFModel
from harness.torch_backend.policy import Policy
from harness.torch_backend.qwen3 import LeanQwen3
from harness.torch_backend.qwen3_shape import Qwen3Shape
from harness.torch_backend.threads import set_threads
from harness.torch_backend.tokenizer import PolicyTokenizer

CPU = torch.device("cpu")
PROMPTS = [
    [4, 20, 5, 19, 7, 21],
    [9, 21],
    [3, 20, 3, 20, 12, 19, 4, 4, 21],
    [21],
]  # several lengths, one token too
TEMPERATURE = 0.8


@pytest.fixture(scope="module", params=["shipped", *QWEN3])
def folder(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "shipped":
        return tiny
    return qwen3(tmp_path_factory.mktemp("qwen3"), tiny, **QWEN3[request.param])


@pytest.fixture(scope="module", params=[1, 2], ids=["fused", "autograd"], autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """One thread is what the fused kernels need; with two, PyTorch's operations do the same."""
    set_threads(request.param)
    yield
    set_threads(1)


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def lean(folder: Path) -> Policy:
    policy = Policy.load(folder, CPU)
    assert isinstance(policy.model, LeanQwen3)
    return policy


def answers() -> list[list[int]]:
    """Two for each prompt, 1 to 9 tokens long."""
    generator = torch.Generator().manual_seed(3)
    lengths = torch.randint(1, 10, (2 * len(PROMPTS),), generator=generator).tolist()
    return [torch.randint(3, 22, (length,), generator=generator).tolist() for length in lengths]


def reference_log_probs(model: Any, row: int, answer: list[int]) -> torch.Tensor:
    """(R, V) log-probabilities at the answer's positions: one row, no padding, no cache."""
    prompt = PROMPTS[row // 2]
    logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
    return (logits / TEMPERATURE).log_softmax(dim=-1)


def test_log_probabilities_and_entropies(lean: Policy, reference: Any) -> None:
    rollouts = lean.rollouts(PROMPTS, answers())
    score = lean.score(rollouts, TEMPERATURE, entropy=True)
    assert score.entropy is not None
    for row, answer in enumerate(answers()):
        expected = reference_log_probs(reference, row, answer)
        tokens = expected[torch.arange(len(answer)), answer]
        entropies = torch.tensor([-sum(p * p.log() for p in line.exp()) for line in expected.detach()])
        torch.testing.assert_close(score.log_prob[row, : len(answer)], tokens, rtol=1e-4, atol=2e-5)
        torch.testing.assert_close(score.entropy[row, : len(answer)], entropies, rtol=1e-4, atol=2e-5)


def test_logits_with_and_without_a_cache(lean: Policy, reference: Any) -> None:
    """Position by position through the cache, as generation does, and all at once."""
    model: Any = lean.model
    ids = torch.tensor([PROMPTS[2] + answers()[0]])
    cache, start = model.new_cache(1, ids.shape[1]), torch.tensor([0])
    steps = []
    for t in range(ids.shape[1]):
        steps.append(model.logits(model.hidden(ids[:, t : t + 1], start, cache)))
    expected = reference(ids).logits
    torch.testing.assert_close(torch.cat(steps, dim=1), expected, rtol=1e-4, atol=5e-5)
    whole = model.hidden(ids, start, model.new_cache(1, ids.shape[1]))
    torch.testing.assert_close(model.logits(whole), expected, rtol=1e-4, atol=5e-5)


def test_gradients_of_all_weights(folder: Path, lean: Policy, reference: Any) -> None:
    """Of a loss in which every token and every entropy has another weight."""
    rollouts = lean.rollouts(PROMPTS, answers())
    scale = torch.linspace(-1, 2, rollouts.responses.numel()).view(rollouts.responses.shape)
    score = lean.score(rollouts, TEMPERATURE, entropy=True)
    assert score.entropy is not None
    lean.model.zero_grad()
    (((score.log_prob + 0.5 * score.entropy) * scale)[rollouts.mask]).sum().backward()
    carrier = LeanQwen3(Qwen3Shape.from_config(hf_folder.read_config(folder)))
    carrier.load_state_dict({name: p.grad for name, p in lean.model.named_parameters()})
    own = hf_folder.hf_state(carrier)

    reference.zero_grad()
    for row, answer in enumerate(answers()):
        expected = reference_log_probs(reference, row, answer)
        entropies = -(expected.exp() * expected).sum(dim=-1)
        tokens = expected[torch.arange(len(answer)), answer]
        ((tokens + 0.5 * entropies) * scale[row, : len(answer)]).sum().backward()
    gradients = {name: p.grad for name, p in reference.named_parameters()}
    assert own.keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert gradient.abs().max() > 0, name
        error = (own[name] - gradient).norm() / gradient.norm()
        assert error < 1e-5, (name, float(error))


def test_the_prompts_of_siblings_are_computed_once_and_padding_changes_nothing(lean: Policy) -> None:
    rollouts = lean.rollouts(PROMPTS, answers())
    together = lean.score(rollouts, 1.0, entropy=True)
    for row, answer in enumerate(answers()):
        alone = lean.score(lean.rollouts([PROMPTS[row // 2]], [answer]), 1.0, entropy=True)
        for one, all_rows in ((alone.log_prob, together.log_prob), (alone.entropy, together.entropy)):
            assert one is not None and all_rows is not None
            torch.testing.assert_close(all_rows[row, : len(answer)], one[0], rtol=1e-4, atol=2e-5)


def test_weights_are_saved_and_loaded_bit_by_bit(folder: Path, lean: Policy, tmp_path: Path) -> None:
    lean.save(tmp_path / "saved")
    saved, original = (
        load_file(tmp_path / "saved" / "model.safetensors"),
        load_file(folder / "model.safetensors"),
    )
    assert saved.keys() == original.keys()
    assert all(torch.equal(saved[name], original[name]) for name in original)
    again = Policy.load(tmp_path / "saved", CPU).model.state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in lean.model.state_dict().items())


def test_transformers_loads_what_is_saved(lean: Policy, reference: Any, tmp_path: Path) -> None:
    lean.save(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert type(model) is transformers.Qwen3ForCausalLM
    assert model.config.vocab_size == len(tokenizer) == lean.tokenizer.vocab_size
    ids = torch.tensor([PROMPTS[0]])
    assert torch.equal(model(ids).logits, reference(ids).logits)


def test_the_same_generator_gives_the_same_samples_from_both_models(folder: Path, lean: Policy) -> None:
    generic = Policy(folder, HFModel(folder), PolicyTokenizer.load(folder), CPU)
    sampling = Sampling(0.9, top_p=0.95, top_k=12, max_new_tokens=12)
    samples = [policy.sample(PROMPTS, 8, sampling, torch.Generator().manual_seed(5)) for policy in (lean, generic)]
    assert samples[0] == samples[1]
    assert len({tuple(sample) for sample in samples[0]}) > 20
    rollouts = lean.rollouts(PROMPTS, samples[0])
    scores = [policy.score(rollouts, 0.9, entropy=True) for policy in (lean, generic)]
    for name in ("log_prob", "entropy"):
        one, other = (getattr(score, name)[rollouts.mask] for score in scores)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)
