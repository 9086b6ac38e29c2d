"""Parts of the lean Qwen3: the normalisation, the numbers it reads from a config, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.errors import ConfigError
from harness.torch_backend.qwen3_shape import Qwen3Shape
from harness.torch_backend.rms_norm import rms_norm


def test_rms_norm_and_its_gradients_are_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((5, 8), (5, 3, 8)):
        values = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)]
        values.append(torch.randn(shape[1:], generator=generator, dtype=torch.float64, requires_grad=True))
        x, weight = values
        expected = torch.nn.functional.rms_norm(x, (8,), None, 1e-6) * weight
        torch.testing.assert_close(rms_norm(x, weight, 1e-6), expected)
        along = torch.randn(shape, generator=generator, dtype=torch.float64)
        own, theirs = (torch.autograd.grad(y, values, along) for y in (rms_norm(x, weight, 1e-6), expected))
        torch.testing.assert_close(own, theirs)


PLAIN = {
    "model_type": "qwen3", "vocab_size": 22, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ({"model_type": "qwen2"}, "model_type 'qwen2'"),
        ({"attention_bias": True}, "attention_bias"),
        ({"use_sliding_window": True}, "use_sliding_window"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn", "rope_theta": 1e4}}, "rope_type 'yarn'"),
    ],
)
def test_what_the_lean_forward_cannot_do_is_refused(setting: dict[str, Any], found: str) -> None:
    with pytest.raises(ConfigError, match=f"plain Qwen3.*got .*{found}"):
        Qwen3Shape.from_config({**PLAIN, "rope_theta": 1e4, **setting})


def test_both_spellings_of_rope_theta_are_read() -> None:
    old = Qwen3Shape.from_config({**PLAIN, "rope_theta": 5e5})
    assert old == Qwen3Shape.from_config({**PLAIN, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}})
    assert old.rope_theta == 5e5
