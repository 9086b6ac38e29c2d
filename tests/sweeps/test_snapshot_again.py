"""A snapshot seen from inside: a driver that works from one takes the same again, and records the same commit."""

import json

import pytest
from repository import commit, write

from harness.runs.provenance import git_state
from sweeps.snapshot import planned, take


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "a checkout"
    write(root, {"harness/a.py": "a = 1\n", "pyproject.toml": "[project]\n", "docs/a.md": ""})
    commit(root)
    return root


def test_the_snapshot_of_a_snapshot_is_itself(root, tmp_path):
    first = take(tmp_path / "study", {}, root)
    assert take(tmp_path / "study", {}, first.path).path == first.path
    other = take(tmp_path / "other", {}, first.path)
    assert other.digest == first.digest and (other.path / "pyproject.toml").exists()


def test_what_a_snapshot_would_be_called_is_known_without_one(root, tmp_path):
    study = tmp_path / "study"
    path = planned(study, root)
    assert not study.exists()
    assert take(study, {}, root).path == path
    assert planned(study, path) == path


@pytest.mark.parametrize("dirty", [False, True])
def test_code_of_a_snapshot_knows_its_commit(root, tmp_path, dirty):
    if dirty:
        write(root, {"harness/a.py": "a = 2\n"})
    taken = take(tmp_path / "study", {}, root)
    seen = git_state(taken.path)
    assert (seen["commit"], seen["dirty"]) == (git_state(root)["commit"], dirty) and seen["commit"]
    assert seen["diff"] == (f"the code is the snapshot {taken.digest}" if dirty else "")


def test_a_damaged_record_says_nothing_of_the_commit(root, tmp_path):
    taken = take(tmp_path / "study", {}, root)
    record = taken.path.with_name(f"{taken.digest}.json")
    for content in ("{", json.dumps([]), json.dumps({})):
        record.write_text(content)
        assert git_state(taken.path)["commit"] is None
