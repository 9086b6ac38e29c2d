"""Provenance: the right checkout, no secrets, bounded size."""

import hashlib
import subprocess

import pytest

from harness.runs import provenance, untracked
from harness.runs.provenance import MAX_DIFF_BYTES, collect, git_state, storable


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "code.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=n@e", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def test_a_clean_checkout_has_a_commit_and_no_diff(checkout):
    state = git_state(checkout)
    assert len(state["commit"]) == 40 and not state["dirty"] and state["diff"] == ""


def test_the_diff_holds_what_was_not_committed(checkout):
    (checkout / "code.py").write_text("x = 2\n")
    state = git_state(checkout)
    assert state["dirty"] and "+x = 2" in state["diff"]


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_an_untracked_file_makes_the_checkout_dirty_and_is_hashed(checkout):
    (checkout / ".gitignore").write_text("*.pyc\n")
    (checkout / "methods").mkdir()
    (checkout / "methods" / "it's new.py").write_text("y = 1\n")
    (checkout / "old.pyc").touch()
    state = git_state(checkout)
    assert state["dirty"] and state["untracked_total"] == 2
    assert state["untracked"] == {
        ".gitignore": digest(b"*.pyc\n"),
        "methods/it's new.py": digest(b"y = 1\n"),
    }


def test_untracked_files_are_bounded_in_number_and_size(checkout, monkeypatch):
    monkeypatch.setattr(untracked, "MAX_FILES", 2)
    monkeypatch.setattr(untracked, "MAX_FILE_BYTES", 3)
    (checkout / "a").write_text("four")
    (checkout / "b").symlink_to("/etc/passwd")
    (checkout / "c").touch()
    state = git_state(checkout)
    assert state["untracked"] == {"a": "4 bytes, too large to hash", "b": "not a regular file"}
    assert state["untracked_total"] == 3


def test_where_git_refuses_nothing_is_claimed(checkout):
    (checkout / ".git" / "index").write_bytes(b"no index")
    state = git_state(checkout)
    assert state["dirty"] is None and len(state["commit"]) == 40
    assert state["reason"].startswith("git status: exit code 128: ") and "index" in state["reason"]


def test_where_git_is_slow_or_absent_nothing_is_claimed(checkout, monkeypatch):
    monkeypatch.setattr(provenance, "GIT_PATIENCE_S", 1e-6)
    slow = git_state(checkout)
    assert (slow["commit"], slow["dirty"]) == (None, None) and "timed out" in slow["reason"]
    monkeypatch.setenv("PATH", "")
    assert git_state(checkout)["dirty"] is None and "No such file" in git_state(checkout)["reason"]


def test_a_git_folder_that_is_none_does_not_stand_for_the_checkout_around_it(checkout):
    (checkout / "lib" / ".git").mkdir(parents=True)
    state = git_state(checkout / "lib")
    assert (state["commit"], state["dirty"]) == (None, None) and "not a git repository" in state["reason"]


def test_an_environment_inside_somebody_elses_checkout_is_not_it(checkout):
    site_packages = checkout / ".venv" / "lib"
    site_packages.mkdir(parents=True)
    assert git_state(site_packages) == {"commit": None, "dirty": False, "diff": ""}


def test_a_checkout_without_a_commit(tmp_path):
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "code.py").touch()
    state = git_state(tmp_path)
    assert (state["commit"], state["dirty"], state["diff"]) == (None, True, "")


def test_values_of_secrets_do_not_reach_the_manifest():
    environ = {"WANDB_API_KEY": "abcdef123456", "HF_TOKEN": "1", "HOME": "/home/someone"}
    assert storable("+k = 'abcdef123456' 1 /home/someone", environ) == (
        "+k = '<value of $WANDB_API_KEY>' 1 /home/someone"
    )


def test_a_huge_diff_is_its_hash_and_size():
    assert storable("x" * MAX_DIFF_BYTES, {}) == "x" * MAX_DIFF_BYTES
    assert storable("x" * (MAX_DIFF_BYTES + 1), {}).startswith("sha256:")


def test_collect_names_packages_and_the_machine():
    origin = collect()
    assert "orjson" in origin.packages and origin.host and origin.python.startswith("3.")
