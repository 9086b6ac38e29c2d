"""A Qwen3 folder with heads of 16 as the same function with heads of 32, the smallest that vLLM's CPU attention has.

Component i of a head goes to place 2 i in each half, where the rotary frequency theta^(-2 i / 16) is the same; the
other places are zero and stay zero in training, because their gradients are. The norm over a head then divides by a
root mean square that is sqrt(2) smaller, and the scores by sqrt(32) in place of sqrt(16): the queries' norm keeps its
weights, the keys' are divided by sqrt(2). The one difference is that eps counts twice in that norm (1e-6, relative to
a mean square of order 1).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

NARROW, WIDE = 16, 32
PLACES = np.concatenate((np.arange(0, NARROW, 2), np.arange(0, NARROW, 2) + NARROW))
"""Where the components 0 .. 15 of a narrow head stand in a wide one."""


def served(model: Path, folder: Path) -> Path:
    """`model`, or `folder` where its heads are too narrow for vLLM's CPU attention."""
    config = json.loads((model / "config.json").read_text())
    narrow = config.get("model_type") == "qwen3" and config.get("head_dim") == NARROW
    return folder if narrow else model


def servable(model: Path, folder: Path) -> Path:
    """`served`, with the copy that has wide heads in `folder` where one is needed."""
    if served(model, folder) == model:
        return model
    config = json.loads((model / "config.json").read_text())
    if not (folder / "config.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for path in model.iterdir():
            if path.suffix in (".json", ".jinja") and path.name != "config.json":
                shutil.copyfile(path, folder / path.name)
        tensors = {name: tensor for path in model.glob("*.safetensors") for name, tensor in load_file(path).items()}
        wide = {name: widened(name, tensor) for name, tensor in tensors.items()}
        save_file(wide, folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "config.json").write_text(json.dumps({**config, "head_dim": WIDE}, indent=1) + "\n")
    return folder


def widened(name: str, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """One tensor of a Hugging Face Qwen3, by its name; those that have no head dimension stay as they are."""
    if name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight")):
        return _spread(tensor.reshape(-1, NARROW, tensor.shape[1]), 1).reshape(-1, tensor.shape[1])
    if name.endswith("o_proj.weight"):
        return _spread(tensor.reshape(len(tensor), -1, NARROW), 2).reshape(len(tensor), -1)
    if name.endswith("q_norm.weight"):
        return _spread(tensor, 0)
    if name.endswith("k_norm.weight"):
        return _spread(tensor / np.float32(np.sqrt(2.0)), 0)
    return tensor


def _spread(tensor: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    shape = list(tensor.shape)
    shape[axis] = WIDE
    wide = np.zeros(shape, dtype=tensor.dtype)
    index: list[slice | NDArray[np.int64]] = [slice(None)] * tensor.ndim
    index[axis] = PLACES
    wide[tuple(index)] = tensor
    return wide
