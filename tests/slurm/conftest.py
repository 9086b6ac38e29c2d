"""The clusters that these tests speak to: the fake one, of a test each, and the real one, of a session.

The real one is started by the first test that asks for it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_slurm.fixture import fake_slurm
from tests.testbed import Cluster, ClusterError, cluster, down
from tests.testbed.processes import alive

__all__ = ["fake_slurm"]
PREFIX = "ec-slurm-"


@pytest.fixture(scope="session")
def slurm_cluster() -> Iterator[Cluster]:
    """Four nodes, gpu1 to gpu4, with accounting; whoever kills a node starts it again, and ends his jobs.

    Its folder is a short one, as sockets want it, named after this process.
    """
    _remove_abandoned()
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}"
    try:
        with cluster(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A new folder whose path is short enough for sockets, as pytest's `tmp_path` may not be."""
    with tempfile.TemporaryDirectory(prefix="ec-") as folder:
        yield Path(folder)


def _remove_abandoned() -> None:
    """Stops the clusters of sessions that were killed and so could not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX)
        if not pid.isdigit() or alive(int(pid)):
            continue
        try:
            down(folder)
        except ClusterError as error:
            print(f"left {folder}: {error}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
