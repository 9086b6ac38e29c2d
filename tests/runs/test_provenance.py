"""Provenance: the right checkout, no secrets, bounded size."""

import subprocess

import pytest

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


def test_an_untracked_file_makes_the_checkout_dirty(checkout):
    (checkout / "new.py").touch()
    assert git_state(checkout)["dirty"]


def test_an_environment_inside_somebody_elses_checkout_is_not_it(checkout):
    site_packages = checkout / ".venv" / "lib"
    site_packages.mkdir(parents=True)
    assert git_state(site_packages) == {"commit": None, "dirty": False, "diff": ""}


def test_a_checkout_without_a_commit(tmp_path):
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "code.py").touch()
    assert git_state(tmp_path) == {"commit": None, "dirty": True, "diff": ""}


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
