"""Small random models as Hugging Face folders, made by transformers, with the shipped policy's tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from harness.torch_backend.hf_folder import COMPANIONS, copy_companions

HEADS = ("num_attention_heads", "num_key_value_heads", "head_dim", "tie_word_embeddings")
QWEN3 = {
    "grouped, untied": dict(zip(HEADS, (6, 2, 10, False), strict=True)),
    "one key a query, tied": dict(zip(HEADS, (3, 3, 16, True), strict=True)),
    "one key for all, untied": dict(zip(HEADS, (4, 1, 8, False), strict=True)),
}


def qwen3(folder: Path, tiny: Path, **shape: Any) -> Path:
    config = transformers.Qwen3Config(
        vocab_size=22, hidden_size=48, intermediate_size=80, num_hidden_layers=2, rope_theta=1e4,
        max_position_embeddings=128, eos_token_id=1, pad_token_id=0, bos_token_id=None, **shape
    )  # fmt: skip
    return _written(transformers.Qwen3ForCausalLM(config), folder, tiny)


def llama(folder: Path, tiny: Path) -> Path:
    config = transformers.LlamaConfig(
        vocab_size=22, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=128, eos_token_id=1, pad_token_id=0, bos_token_id=None,
    )  # fmt: skip
    return _written(transformers.LlamaForCausalLM(config), folder, tiny)


def _written(model: Any, folder: Path, tiny: Path) -> Path:
    """Every weight is random, the norms' too: with their initial ones an exchange of them would not show."""
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        mean, deviation = (1.0, 0.3) if parameter.dim() == 1 else (0.0, 0.15)
        torch.nn.init.normal_(parameter, mean, deviation, generator=generator)
    model.save_pretrained(folder)
    copy_companions(tiny, folder)
    assert all((folder / name).is_file() for name in COMPANIONS if (tiny / name).is_file())
    return folder
