"""The processes that these tests start find the packages where the tests found them."""

import sys
from pathlib import Path

import pytest

import harness

sys.path.insert(0, str(Path(__file__).parents[1] / "sweeps"))  # fake_study


@pytest.fixture(autouse=True)
def packages_for_children(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(harness.__file__).parents[1]))
