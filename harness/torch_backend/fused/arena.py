"""Memory for the arrays of one pass, taken again by the next.

An allocator gives large arrays back to the system when they are freed, and the system clears each page when it is
asked for it anew: that takes longer than the computation between two matrix products of a small model.
"""

from __future__ import annotations

from math import prod

import numpy as np

from harness.torch_backend.fused.kernels import Array

ALIGNED = 16  # floats, a cache line
SPARE = 1.25  # passes differ in their number of tokens


class Arena:
    """Arrays from one block of float32; what the block has no room for comes from the allocator, this time."""

    def __init__(self) -> None:
        self._block: Array = np.empty(0, np.float32)
        self._used = 0
        self._most = 0

    def empty(self, *shape: int) -> Array:
        """Valid until `reset`, or a `release` to a mark set before it."""
        size = prod(shape)
        first, self._used = self._used, self._used + -(-size // ALIGNED) * ALIGNED
        self._most = max(self._most, self._used)
        piece = self._block[first : first + size] if self._used <= len(self._block) else np.empty(size, np.float32)
        return piece.reshape(shape)

    def zeros(self, *shape: int) -> Array:
        array = self.empty(*shape)
        array.fill(0)
        return array

    def mark(self) -> int:
        return self._used

    def release(self, mark: int) -> None:
        """Gives up the arrays made since `mark`."""
        self._used = mark

    def reset(self) -> None:
        """Gives up all arrays, and makes the block as large as they were together."""
        if self._most > len(self._block):
            self._block = np.empty(int(self._most * SPARE), np.float32)
        self._used = self._most = 0
