"""The policy with wide heads is the same function as the shipped one."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from harness.assets import model_folder
from harness.verl_backend.wide_heads import WIDE, servable


def test_a_folder_with_wide_heads_computes_the_same_logits_but_for_eps(tmp_path: Path) -> None:
    tiny = model_folder("tiny")
    wide = servable(tiny, tmp_path / "wide")
    ids = torch.randint(2, 22, (4, 30), generator=torch.Generator().manual_seed(0))
    models = [AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64) for folder in (tiny, wide)]
    assert models[1].config.head_dim == WIDE
    torch.testing.assert_close(models[1](ids).logits, models[0](ids).logits, atol=2e-4, rtol=0)
    for model in models:
        for layer in model.model.layers:
            layer.self_attn.q_norm.variance_epsilon = layer.self_attn.k_norm.variance_epsilon = 0.0
    torch.testing.assert_close(
        models[1](ids).logits, models[0](ids).logits, atol=2e-5, rtol=0
    )  # rotary angles are float32


def test_what_was_added_has_no_gradient(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(servable(model_folder("tiny"), tmp_path / "wide"), dtype=torch.float32)
    ids = torch.randint(2, 22, (4, 30), generator=torch.Generator().manual_seed(0))
    model(ids, labels=ids).loss.backward()
    for name, parameter in model.named_parameters():
        if any(part in name for part in ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm")):
            added = parameter == 0
            assert added.sum() >= parameter.numel() // 2, name
            assert parameter.grad is not None and (parameter.grad[added] == 0).all(), name
            assert (parameter.grad[~added] != 0).any(), name


def test_a_folder_that_vllm_can_serve_stays_as_it_is(tmp_path: Path) -> None:
    wide = servable(model_folder("tiny"), tmp_path / "wide")
    assert servable(wide, tmp_path / "again") == wide
