"""Weights between the fused layout of `LeanQwen3` and a Hugging Face folder (config.json, model.safetensors)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from harness.errors import ConfigError
from harness.torch_backend.qwen3 import LeanQwen3
from harness.torch_backend.qwen3_shape import Qwen3Shape

# Everything of a model folder but its weights: copied, never rewritten, so that a checkpoint is a model folder too.
COMPANIONS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
_LAYER = {  # our name: transformers' names, concatenated in this order
    "input_norm": ("input_layernorm",),
    "qkv_proj": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "q_norm": ("self_attn.q_norm",),
    "k_norm": ("self_attn.k_norm",),
    "o_proj": ("self_attn.o_proj",),
    "post_norm": ("post_attention_layernorm",),
    "gate_proj": ("mlp.gate_proj",),
    "up_proj": ("mlp.up_proj",),
    "down_proj": ("mlp.down_proj",),
}
# Rotary embedding pairs component i of a head with i + E/2; ours stand side by side, to be one complex number.
_ROTATED = ("q_proj.weight", "k_proj.weight", "q_norm.weight", "k_norm.weight")


def read_config(folder: Path) -> dict[str, object]:
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(
            "model.path must be a Hugging Face model folder", f"no config.json in {str(folder)!r}", "Choose another."
        )
    return dict(json.loads(path.read_text()))


def load(folder: Path) -> LeanQwen3:
    """The model of a Qwen3 folder, float32, on the CPU.

    Raises:
        ConfigError: not a Qwen3 folder, or its weights do not fit its config.
    """
    model = LeanQwen3(Qwen3Shape.from_config(read_config(folder)))
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(path))
    if not tensors:
        raise ConfigError("a model folder needs *.safetensors weights", f"none in {str(folder)!r}", "Save them there.")
    own = {}
    for name, expected in model.state_dict().items():
        sources = _hf_names(name)
        if missing := [source for source in sources if source not in tensors]:
            raise ConfigError(
                "the weights of a model folder must fit its config.json",
                f"no {', '.join(missing)} in {str(folder)!r}",
                "Save model and config together.",
            )
        try:
            pieces = [_interleaved(source, tensors[source].float(), model.shape.head_dim) for source in sources]
            own[name] = torch.cat(pieces).view_as(expected)
        except RuntimeError as error:
            found = ", ".join(f"{source} {tuple(tensors[source].shape)}" for source in sources)
            raise ConfigError(
                "the weights of a model folder must fit its config.json",
                f"{found} in {str(folder)!r}",
                "Restore the config.json that they were saved with.",
            ) from error
    model.load_state_dict(own)
    return model


def save(model: LeanQwen3, folder: Path, companions: Path) -> None:
    """Write a model folder: the weights of `model`, the other files copied from the folder `companions`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(hf_state(model), folder / "model.safetensors", metadata={"format": "pt"})
    copy_companions(companions, folder)


def copy_companions(source: Path, folder: Path) -> None:
    """Copy the files of a model folder that are not weights, where `folder` does not have them yet.

    Raises:
        ConfigError: `source` is not a model folder (any more): a checkpoint without its tokenizer is not one either.
    """
    read_config(source)
    for name in COMPANIONS:
        if (source / name).is_file() and not (folder / name).exists():
            shutil.copyfile(source / name, folder / name)


def hf_state(model: LeanQwen3) -> dict[str, Tensor]:
    """The weights under transformers' names, unfused, on the CPU."""
    shape = model.shape
    heads = (shape.num_attention_heads, shape.num_key_value_heads, shape.num_key_value_heads)
    state = {}
    for name, tensor in model.state_dict().items():
        targets = _hf_names(name)
        pieces = tensor.split([count * shape.head_dim for count in heads]) if len(targets) > 1 else (tensor,)
        for target, piece in zip(targets, pieces, strict=True):
            state[target] = _halves(target, piece.detach().cpu(), shape.head_dim).contiguous()
    return state


def _interleaved(name: str, tensor: Tensor, head_dim: int) -> Tensor:
    """transformers' order of a head's components -> ours."""
    if not name.endswith(_ROTATED):
        return tensor
    return tensor.unflatten(0, (-1, 2, head_dim // 2)).transpose(1, 2).flatten(0, 2)


def _halves(name: str, tensor: Tensor, head_dim: int) -> Tensor:
    """The inverse of `_interleaved`."""
    if not name.endswith(_ROTATED):
        return tensor
    return tensor.unflatten(0, (-1, head_dim // 2, 2)).transpose(1, 2).flatten(0, 2)


def _hf_names(name: str) -> list[str]:
    """transformers' names of one fused tensor, in the order in which they are concatenated."""
    if name == "embed":
        return ["model.embed_tokens.weight"]
    if name in ("norm", "head"):
        return ["model.norm.weight" if name == "norm" else "lm_head.weight"]
    _, index, part = name.split(".")
    return [f"model.layers.{index}.{target}.weight" for target in _LAYER[part]]
