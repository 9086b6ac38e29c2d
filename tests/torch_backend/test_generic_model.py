"""The path through transformers itself, for models that are no Qwen3: a Llama."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import transformers
from random_models import llama
from small_runs import comparable, same, small, weights

from harness.errors import ConfigError
from harness.torch_backend.generate import Sampling
from harness.torch_backend.hf_model import HFModel
from harness.torch_backend.policy import Policy
from harness.torch_backend.trainer import Trainer

PROMPTS = [[4, 20, 5, 19, 7, 21], [9, 21], [3, 20, 3, 20, 12, 19, 4, 4, 21], [21]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    return llama(tmp_path_factory.mktemp("llama"), tiny)


@pytest.fixture(scope="module")
def policy(folder: Path) -> Policy:
    loaded = Policy.load(folder, torch.device("cpu"))
    assert isinstance(loaded.model, HFModel)
    return loaded


def test_samples_and_scores_are_those_of_the_model_row_by_row(policy: Policy, folder: Path) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    n, limit = 4, 10
    rows = policy.sample(PROMPTS, n, Sampling(0.8, max_new_tokens=limit), torch.Generator().manual_seed(1))
    uniforms = torch.rand((limit, len(rows)), generator=torch.Generator().manual_seed(1))
    score = policy.score(policy.rollouts(PROMPTS, rows), 0.8, entropy=True)
    assert score.entropy is not None and len({len(row) for row in rows}) > 2
    for index, row in enumerate(rows):
        prompt = PROMPTS[index // n]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + row])).logits[0, len(prompt) - 1 : -1].double() / 0.8
        log_probs = logits.log_softmax(dim=-1)
        entropies = -(log_probs.exp() * log_probs).sum(dim=-1)
        cumulative = log_probs.exp().cumsum(dim=-1)
        for position, token in enumerate(row):
            assert score.log_prob[index, position].item() == pytest.approx(log_probs[position, token].item(), abs=2e-5)
            assert score.entropy[index, position].item() == pytest.approx(entropies[position].item(), abs=2e-5)
            u = float(uniforms[position, index])
            assert (float(cumulative[position, token - 1]) if token else 0.0) - 1e-5 <= u
            assert u <= float(cumulative[position, token]) + 1e-5


@pytest.mark.parametrize("method", ["entrocraft", "gspo", "entropy_loss"])
def test_it_trains_a_step(method: str, folder: Path) -> None:
    config = small(method, f"model.path='{folder}'")
    trainer = Trainer(config, folder)
    before = weights(trainer)
    metrics = trainer.step()
    assert metrics["actor/updates"] == 4
    assert all(math.isfinite(value) for value in metrics.values())
    assert not any(torch.equal(tensor, before[name]) for name, tensor in weights(trainer).items())


def test_a_checkpoint_resumes_bit_by_bit_and_loads_in_transformers(folder: Path, tmp_path: Path) -> None:
    trainer = Trainer(small("grpo"), folder)
    trainer.step()
    (tmp_path / "step").mkdir()
    trainer.save(tmp_path / "step")
    resumed = Trainer(small("grpo"), folder, tmp_path / "step")
    assert same(weights(resumed), weights(trainer))
    first, second = trainer.step(), resumed.step()
    assert comparable(first) == comparable(second)
    assert same(weights(resumed), weights(trainer))
    assert type(transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "step")) is transformers.LlamaForCausalLM
    assert len(transformers.AutoTokenizer.from_pretrained(tmp_path / "step")) == 22


def test_a_model_that_scales_its_logits_is_refused(tiny: Path, tmp_path: Path) -> None:
    config = transformers.GraniteConfig(
        vocab_size=22, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, logits_scaling=3.0,
    )  # fmt: skip
    transformers.GraniteForCausalLM(config).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"output embeddings; got a GraniteForCausalLM that scales"):
        HFModel(tmp_path)
