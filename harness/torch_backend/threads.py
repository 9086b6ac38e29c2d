"""One number of threads for PyTorch and for NumPy's matrix products, which have pools of their own."""

from __future__ import annotations

import torch
from threadpoolctl import threadpool_limits


def set_threads(count: int) -> None:
    """Of this process, for good."""
    torch.set_num_threads(count)
    threadpool_limits(count, user_api="blas")
