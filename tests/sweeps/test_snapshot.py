"""Snapshots: what of a checkout is in one, one folder for one content, published whole, never altered.

What is refused is in test_snapshot_refusals.py, how code runs from one in test_snapshot_runs.py.
"""

import errno
import json
import os
import shutil
import stat
import subprocess
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repository import commit, git, write

from harness.errors import StudyError
from sweeps.snapshot import store, take, verify
from sweeps.snapshot.record import record_path_of
from sweeps.snapshot.source import Entry, digest

ODD = (
    "harness/two words.yaml",
    "harness/two\nlines.py",
    "harness/caf\udce9.txt",
    "harness/%41.txt",
    'harness/it\'s "x"',
)


def content(snapshot):
    files = (path for path in snapshot.path.rglob("*") if path.is_file())
    return {str(path.relative_to(snapshot.path)): path.read_text() for path in files}


def test_a_snapshot_has_the_packages_and_nothing_else(root, study):
    snapshot = take(study, {}, root)
    assert content(snapshot) == {"harness/a.py": "a = 1\n", "sweeps/b.py": "b = 1\n", "pyproject.toml": "[project]\n"}
    assert snapshot.path == study / "snapshots" / snapshot.digest and len(snapshot.digest) == 16
    assert (snapshot.files, snapshot.bytes) == (3, 22)


def test_its_path_is_absolute_for_a_job_has_another_folder(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert take("studies/s", {}, root).path.is_relative_to(tmp_path)


def test_it_has_the_working_tree_not_the_commit_nor_the_index(root, study):
    write(root, {"harness/a.py": "a = 2\n"})
    git(root, "add", ".")
    write(root, {"harness/a.py": "a = 3\n", "harness/methods/new.py": "n = 1\n", "harness/old.log": "ignored"})
    (root / "sweeps/b.py").unlink()
    assert content(take(study, {}, root)) == {
        "harness/a.py": "a = 3\n",
        "harness/methods/new.py": "n = 1\n",
        "pyproject.toml": "[project]\n",
    }


def test_a_tracked_file_that_is_ignored_too_is_there(root, study):
    write(root, {"harness/kept.log": "kept"})
    git(root, "add", "--force", "harness/kept.log")
    assert content(take(study, {}, root))["harness/kept.log"] == "kept"


def test_compiled_files_are_not_there_even_where_git_does_not_ignore_them(root, study):
    before = take(study, {}, root)
    write(root, {"harness/__pycache__/a.pyc": "x"})
    assert take(study, {}, root) == before


def test_an_installed_wheel_inside_a_checkout_is_the_packages_of_its_folder(root, study):
    site = root / "environment" / "site-packages"
    write(site, {"harness/a.py": "w\n", "harness/conf/a.log": "data\n", "harness/__pycache__/a.pyc": "x"})
    write(site, {"numpy/a.py": "", "pyproject.toml": "somebody else's", "harness_other/a.py": ""})
    snapshot = take(study, {}, site)
    assert content(snapshot) == {"harness/a.py": "w\n", "harness/conf/a.log": "data\n"}
    assert json.loads(record_path_of(snapshot.path).read_bytes())["commit"] is None


@pytest.mark.parametrize("checkout", [True, False])
def test_names_with_spaces_newlines_and_bytes_that_are_no_text(tmp_path, study, checkout):
    root = tmp_path / "odd"
    write(root, dict.fromkeys(ODD, "x\n"))
    if checkout:
        commit(root)
        write(root, {"harness/new\n\udcff": "x\n"})
    snapshot = take(study, {}, root)
    assert set(content(snapshot)) == {*ODD, "harness/new\n\udcff"} if checkout else set(ODD)
    verify(snapshot.path)
    (snapshot.path / ODD[2]).unlink()
    with pytest.raises(StudyError, match=r"caf\\udce9.txt', which is missing"):
        verify(snapshot.path)


def test_unchanged_code_is_the_same_folder_and_nothing_is_written(root, study, monkeypatch):
    first = take(study, {}, root)
    monkeypatch.setattr(store, "_publish", None)
    assert take(study, {}, root) == first
    git(root, "commit", "--allow-empty", "-qm", "second")
    os.utime(root / "harness/a.py", (0, 0))
    assert take(study, {}, root) == first


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root, {"harness/a.py": "a = 2\n"}),
        lambda root: (root / "harness/a.py").rename(root / "harness/c.py"),
        lambda root: (root / "harness/a.py").chmod(0o755),
        lambda root: (root / "harness/a.py").unlink(),
        lambda root: write(root, {"slurm/new.py": ""}),
    ],
)
def test_changed_code_is_another_folder_beside_the_first_and_undone_the_first_again(root, study, change):
    first = take(study, {}, root)
    before = content(first)
    change(root)
    second = take(study, {}, root)
    assert second.digest != first.digest and content(first) == before
    verify(first.path)
    git(root, "reset", "-q", "--hard")
    git(root, "clean", "-qfd")
    assert take(study, {}, root) == first


ENTRIES = st.dictionaries(
    st.text(st.sampled_from("ab/\n -x\udce9"), min_size=1, max_size=3),
    st.tuples(st.booleans(), st.sampled_from(["0" * 64, "1" * 64])),
    max_size=3,
)


@given(ENTRIES, ENTRIES)
def test_equal_content_is_an_equal_digest_and_unequal_an_unequal_one(one, other):
    def entries(files):
        return [Entry(name, executable, sha256, 1) for name, (executable, sha256) in files.items()]

    assert (digest(entries(one)) == digest(entries(other))) == (one == other)
    assert digest(entries(one)) == digest(reversed(entries(one)))


def test_a_name_that_reads_like_two_files_is_another_digest():
    two = [Entry("a", False, "0" * 64, 1), Entry("b", False, "0" * 64, 1)]
    assert digest(two) != digest([Entry("a-" + "0" * 64 + "b", False, "0" * 64, 2)])


def test_the_record_says_where_the_code_comes_from(root, study):
    write(root, {"harness/a.py": "a = 2\n"})
    (root / "sweeps/b.py").chmod(0o755)
    snapshot = take(study, {}, root)
    record = json.loads((study / "snapshots" / f"{snapshot.digest}.json").read_bytes())
    head = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert (record["commit"], record["dirty"]) == (head.stdout.strip(), True)
    assert record["digest"] == snapshot.digest and record["python"].startswith("3.") and record["created"]
    assert "orjson" in record["packages"]
    assert [(file["path"], file["executable"], file["bytes"]) for file in record["files"]] == [
        ("harness/a.py", False, 6),
        ("pyproject.toml", False, 10),
        ("sweeps/b.py", True, 6),
    ]


def test_files_are_read_only_keep_their_mode_and_the_study_can_be_removed(root, study):
    (root / "sweeps/b.py").chmod(0o755)
    snapshot = take(study, {}, root)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in snapshot.path.rglob("*.py")}
    umask = os.umask(0)
    os.umask(umask)
    assert modes == {"a.py": 0o444 & ~umask, "b.py": 0o555 & ~umask}
    assert all(os.access(folder, os.W_OK) for folder in snapshot.path.rglob("*") if folder.is_dir())
    shutil.rmtree(study)


@pytest.mark.parametrize(
    "alter, found",
    [
        (lambda path: (path / "harness/a.py").write_text("a = 9\n"), "'harness/a.py' with another content"),
        (lambda path: (path / "harness/a.py").chmod(0o755), "'harness/a.py' with another mode"),
        (lambda path: (path / "harness/a.py").unlink(), "'harness/a.py', which is missing"),
        (lambda path: (path / "harness/z.py").touch(), "'harness/z.py', which is new"),
        (lambda path: (path / "harness/link").symlink_to("/"), "'harness/link', which is new"),
        (lambda path: record_path_of(path).unlink(), "which cannot be read"),
        (lambda path: record_path_of(path).write_text("[]"), "which cannot be read"),
        (lambda path: record_path_of(path).write_text('{"files": []}'), "with another list of files"),
    ],
)
def test_an_altered_snapshot_is_refused_by_the_name_of_what_was_altered(root, study, alter, found):
    snapshot = take(study, {}, root)
    verify(snapshot.path)
    for path in snapshot.path.rglob("*.py"):
        path.chmod(0o644)
    alter(snapshot.path)
    with pytest.raises(StudyError) as refused:
        verify(snapshot.path)
    assert found in str(refused.value) and snapshot.digest in str(refused.value)
    with pytest.raises(StudyError, match="must be as it was taken"):
        take(study, {}, root)


def test_what_python_compiled_inside_a_snapshot_does_not_alter_it(root, study):
    snapshot = take(study, {}, root)
    write(snapshot.path, {"harness/__pycache__/a.cpython-311.pyc": "x"})
    verify(snapshot.path)


def test_whoever_publishes_the_same_first_is_no_error(root, study, monkeypatch):
    publish = store.publish_folder

    def second(temporary, final):
        shutil.copytree(temporary, final)
        publish(temporary, final)

    monkeypatch.setattr(store, "publish_folder", second)
    snapshot = take(study, {}, root)
    assert {path.name for path in snapshot.path.parent.iterdir()} == {snapshot.digest, f"{snapshot.digest}.json"}


def test_many_at_once_publish_one(root, study):
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(take(study, {}, root))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8 and len(set(taken)) == 1
    assert len(list((study / "snapshots").iterdir())) == 2


def test_a_failed_publication_leaves_no_folder_and_the_next_succeeds(root, study, monkeypatch):
    def full(temporary, final):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(store, "publish_folder", full)
        take(study, {}, root)
    assert [path.suffix for path in (study / "snapshots").iterdir()] == [".json"]
    verify(take(study, {}, root).path)


def test_what_a_killed_take_left_is_removed_later_and_a_young_one_is_not(root, study):
    old, young = (study / "snapshots" / f".0123456789abcdef.{name}.tmp" for name in ("old", "young"))
    write(old, {"harness/a.py": ""})
    young.mkdir()
    past = time.time() - 2 * store.LEFTOVER_AGE_S
    os.utime(old, (past, past))
    take(study, {}, root)
    assert not old.exists() and young.exists()
