"""The processes that these tests start find the packages where the tests found them; a checkout and a study."""

from pathlib import Path

import pytest
from repository import commit, write

import harness


@pytest.fixture(autouse=True)
def packages_for_children(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(harness.__file__).parents[1]))


@pytest.fixture
def root(tmp_path):
    """A checkout with a file of two packages and some beside them."""
    root = tmp_path / "a checkout"
    write(root, {"harness/a.py": "a = 1\n", "sweeps/b.py": "b = 1\n", "pyproject.toml": "[project]\n"})
    write(root, {"tests/test_a.py": "", "docs/a.md": "", ".gitignore": "*.log\n"})
    commit(root)
    return root


@pytest.fixture
def study(tmp_path):
    """The folder of a study, not made yet."""
    return tmp_path / "studies" / "s"
