"""The processes that these tests start find the packages where the tests found them."""

from pathlib import Path

import pytest

import harness


@pytest.fixture(autouse=True)
def packages_for_children(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(harness.__file__).parents[1]))
