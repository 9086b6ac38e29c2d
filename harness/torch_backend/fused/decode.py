"""The next tokens of rows with a cache of their keys and values, for generation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from harness.torch_backend.fused.arena import Arena
from harness.torch_backend.fused.kernels import Array
from harness.torch_backend.fused.network import Network
from harness.torch_backend.fused.tokens import Tokens
from harness.torch_backend.qwen3_shape import Qwen3Shape


class Cache:
    """Keys and values of B rows, preallocated for `capacity` columns of which `length` are filled."""

    def __init__(self, shape: Qwen3Shape, rows: int, capacity: int, parameters: Sequence[Tensor]) -> None:
        self.shape, self.capacity, self.length, self.arena = shape, capacity, 0, Arena()
        self.parameters: list[Array] = [parameter.detach().numpy() for parameter in parameters]
        size = (shape.num_hidden_layers, rows, capacity, 2 * shape.num_key_value_heads, shape.head_dim)
        self.data: Array = np.empty(size, np.float32)

    def select(self, rows: Tensor) -> None:
        """Keep (or repeat) the given rows (R,)."""
        layers, _, *rest = self.data.shape
        chosen: Array = np.empty((layers, len(rows), *rest), np.float32)
        chosen[:, :, : self.length] = self.data[:, rows.numpy(), : self.length]
        self.data = chosen

    def extend(self, ids: Tensor, start: Tensor) -> Tensor:
        """Final hidden states (B, T, D) of the next T columns; row b begins at column start[b]."""
        rows, count = ids.shape
        column = np.arange(self.length, self.length + count)
        begin = start.numpy()[:, None]
        row = np.arange(rows)[:, None] * self.capacity
        seen = np.zeros((rows, count, 4), np.int64)
        seen[..., 2] = row + np.minimum(begin, column)  # a column before the start sees itself
        seen[..., 3] = row + column + 1
        tokens = Tokens(
            ids=ids.numpy().reshape(-1),
            position=np.maximum(column - begin, 0).reshape(-1),
            slot=(row + column).reshape(-1),
            seen=seen.reshape(-1, 4),
            most_seen=self.length + count,
            first=0,
        )
        self.arena.reset()
        network = Network(self.shape, tokens, self.parameters, self.arena, keep=False)
        hidden = network.forward(self.data.reshape(len(self.data), -1, *self.data.shape[3:]))
        self.length += count
        return torch.from_numpy(hidden.copy()).view(rows, count, -1)
