"""A run folder with the smallest configuration that one accepts."""

from pathlib import Path

import pytest

from harness.runs import RunFolder
from harness.runs.provenance import GitState, Provenance

CONFIG = {"seed": 7, "trainer": {"steps": 5, "threads": 1, "device": "cpu"}}
ORIGIN = Provenance(
    git=GitState(commit=None, dirty=False, diff=""), packages={"numpy": "2"}, host="here", python="3.11"
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / 'it\'s a "run"', CONFIG, {"family": "linear"}, ORIGIN)
