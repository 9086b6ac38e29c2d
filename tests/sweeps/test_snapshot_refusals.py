"""What a snapshot cannot have: links out, submodules, huge files, secrets; the file is named, a secret never."""

import os
import shutil

import pytest
from repository import commit, git, write

from harness.errors import StudyError
from sweeps.snapshot import record, store, take
from sweeps.snapshot.source import code_names

KEY = "not-a-real-key-1234"


def refusal(*arguments, **keywords):
    with pytest.raises(StudyError) as refused:
        take(*arguments, **keywords)
    return str(refused.value)


def test_links_are_followed_inside_the_checkout_only(root, study, tmp_path):
    (root / "harness/link.py").symlink_to("../sweeps/b.py")
    snapshot = take(study, {}, root)
    copy = snapshot.path / "harness/link.py"
    assert copy.read_text() == "b = 1\n" and not copy.is_symlink()
    (tmp_path / "elsewhere.py").write_text("")
    (root / "harness/out.py").symlink_to(tmp_path / "elsewhere.py")
    assert "'harness/out.py', a link that leads out of the code" in refusal(study, {}, root)


def test_a_tracked_folder_that_became_a_link_out_is_refused(root, study, tmp_path):
    write(root, {"harness/sub/x.py": ""})
    git(root, "add", ".")
    (root / "harness/sub").rename(tmp_path / "sub")
    (root / "harness/sub").symlink_to(tmp_path / "sub")
    assert "a link that leads out of the code" in refusal(study, {}, root)


@pytest.mark.parametrize("checkout", [True, False])
@pytest.mark.parametrize(
    "target, found",
    [("nowhere", "leads nowhere"), ("link", "leads nowhere"), ("../sweeps", "a link to a folder")],
)
def test_links_to_what_is_no_file_are_refused(root, study, checkout, target, found):
    if not checkout:
        shutil.rmtree(root / ".git")
    (root / "harness/link").symlink_to(target)
    message = refusal(study, {}, root)
    assert "'harness/link', " in message and found in message and "Put a copy in its place" in message


def test_what_is_no_file_at_all_is_refused(root, study):
    shutil.rmtree(root / ".git")
    os.mkfifo(root / "harness/pipe")
    assert "'harness/pipe', which is neither a file nor a link to one" in refusal(study, {}, root)


def test_a_submodule_and_another_repository_are_refused(root, study, tmp_path):
    other = tmp_path / "other"
    write(other, {"x.py": ""})
    commit(other)
    shutil.copytree(other, root / "harness/vendored")
    assert "'harness/vendored/', a folder: a submodule or another git repository" in refusal(study, {}, root)
    shutil.rmtree(root / "harness/vendored")
    git(root, "submodule", "add", "-q", str(other), "harness/module")
    assert "'harness/module', a folder: a submodule" in refusal(study, {}, root)


def test_a_huge_file_is_refused_before_it_is_read(root, study):
    with (root / "harness/weights.bin").open("wb") as file:
        file.truncate(10**12)
    message = refusal(study, {}, root)
    assert "at most 100000000 bytes" in message and "'harness/weights.bin' has 1000000000000" in message


def test_where_git_does_not_work_nothing_is_guessed(root, study, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "needs git to list its files; got git ls-files: " in refusal(study, {}, root)


def test_a_file_that_vanishes_while_it_is_taken_is_refused(root, monkeypatch, study):
    monkeypatch.setattr(store, "code_names", lambda root: [*code_names(root), "harness/gone.py"])
    assert "'harness/gone.py', which leads nowhere" in refusal(study, {}, root)


@pytest.mark.parametrize(
    "name, text, place",
    [
        ("harness/a.py", f"key = '{KEY}'\n", "'harness/a.py'"),
        ("harness/conf/new.yaml", f"key: {KEY}\n", "'harness/conf/new.yaml'"),
        (f"harness/{KEY}.py", "", "the name of a file"),
    ],
)
def test_the_value_of_a_secret_is_refused_and_never_said(root, study, name, text, place):
    write(root, {name: text})
    message = refusal(study, {"WANDB_API_KEY": f"{KEY}\n", "HOME": "a = 1"}, root)
    assert f"that of $WANDB_API_KEY in {place}. Remove" in message and KEY not in message
    assert not study.exists()
    assert take(study, {"HOME": KEY, "HF_TOKEN": "a = 1"}, root).files  # no secret, and too short for one


def test_a_secret_that_came_later_is_found_in_a_snapshot_that_is_there(root, study):
    write(root, {"harness/a.py": KEY})
    take(study, {}, root)
    assert "$MY_PASSWORD in 'harness/a.py'" in refusal(study, {"MY_PASSWORD": KEY}, root)


def test_the_record_has_no_secret_either(root, study, monkeypatch):
    monkeypatch.setattr(record, "package_versions", lambda: {"mine": f"1+{KEY}"})
    message = refusal(study, {"HF_TOKEN": KEY}, root)
    assert "$HF_TOKEN in the description of the environment" in message and KEY not in message
    assert not study.exists()


def test_a_path_that_pythonpath_cannot_have_is_refused(root, tmp_path):
    assert "must not have ':'" in refusal(tmp_path / "a:b", {}, root)
