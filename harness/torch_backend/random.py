"""torch generators derived from (seed, step, stream), like the NumPy ones of `harness.core.rng`."""

from __future__ import annotations

import torch

from harness.core.rng import generator


def torch_generator(seed: int, step: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """An independent generator per purpose and step, so that a resumed run draws what the first one drew."""
    return torch.Generator(device).manual_seed(int(generator(seed, step, stream).integers(2**63)))
