"""A checkpoint that does not fit says that the disk is full; PyTorch, given a path, only says that it failed."""

import errno
from pathlib import Path

import pytest
import torch

from harness.core.diagnostics import Monitor
from harness.torch_backend.checkpoint import Progress


def test_an_optimizer_that_does_not_fit_is_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "optimizer.pt").symlink_to("/dev/full")
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(100_000))])
    optimizer.param_groups[0]["params"][0].grad = torch.ones(100_000)
    optimizer.step()
    with pytest.raises(OSError, match="No space") as caught:
        Progress(3, {}, Monitor(), 12).save(tmp_path, optimizer)
    assert caught.value.errno == errno.ENOSPC
