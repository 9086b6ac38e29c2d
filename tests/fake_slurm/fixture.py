"""The pytest fixture; a conftest gets it with `from tests.fake_slurm.fixture import fake_slurm`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_slurm.cluster import FakeSlurm


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlurm]:
    """A fake cluster of two slots whose commands are first on PATH; its processes are killed at the end."""
    cluster = FakeSlurm(tmp_path / "fake slurm")
    monkeypatch.setenv("PATH", f"{cluster.bin}{os.pathsep}{os.environ['PATH']}")
    try:
        yield cluster
    finally:
        cluster.close()
