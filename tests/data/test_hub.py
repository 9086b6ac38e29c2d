"""Downloads: which files are asked for, the revision, and what is said where no hub can be reached."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from small_sources import COMMIT, read, rows_of, write

from harness.data import DATASETS, prepare
from harness.errors import DataError, DependencyError

LAYOUTS = ["test.jsonl", "data/test-00000-of-00001.parquet", "deep/er/test.csv"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_split_is_fetched_wherever_it_lies(name: str, hub: Callable[..., Path], tmp_path: Path) -> None:
    home = hub("HuggingFaceH4/MATH-500")
    write(rows_of("math500", 500), home / name)
    write(rows_of("math500", 9), home / "train.jsonl")
    (home / "README.md").write_text("...")
    done, new = prepare(DATASETS["math500"], tmp_path / "data")
    assert new and len(read(done.path)) == 500
    assert (done.manifest.repository, done.manifest.revision) == ("HuggingFaceH4/MATH-500", COMMIT)
    assert list(done.manifest.source_sha256) == [Path(name).name]
    fetched = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert fetched == [Path(name).name]


def test_a_repository_without_the_split_is_refused(hub: Callable[..., Path], tmp_path: Path) -> None:
    write(rows_of("amc23", 40), hub("knoveleng/AMC-23") / "test.parquet")
    with pytest.raises(DataError, match=r"knoveleng/AMC-23 must have files named train\*.*--from amc23=PATH"):
        prepare(DATASETS["amc23"], tmp_path / "data")


def test_without_network_it_says_where_to_run(tmp_path: Path) -> None:
    """The real huggingface_hub, offline and with an empty cache."""
    command = [sys.executable, "-m", "harness.cli.main", "data", "prepare", "amc23", "--folder", str(tmp_path / "data")]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("entrocraft: knoveleng/AMC-23 must come from the hub or be in its cache; got ")
    assert done.stderr.endswith("(a login node), or give the files: --from amc23=PATH.\n")
    assert done.stderr.count("\n") == 1


FAILURES = [
    (GatedRepoError, "must be open to your account.*hf auth login"),
    (RepositoryNotFoundError, "must have a dataset of the given name; got 'knoveleng/AMC-23'"),
    (HfHubHTTPError.__mro__[1], "must come from the hub or be in its cache.*a login node"),  # cut off on the way
    (ConnectionResetError, "must come from the hub or be in its cache.*a login node"),
]


@pytest.mark.parametrize(("failure", "phrase"), FAILURES)
def test_what_the_hub_refuses_is_one_message(
    failure: type[Exception], phrase: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise failure.__new__(failure)  # their constructors need a response of the HTTP client

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(DataError, match=phrase):
        prepare(DATASETS["amc23"], tmp_path / "data")


def test_without_huggingface_hub_it_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DependencyError, match=r"entrocraft-harness\[data\]"):
        prepare(DATASETS["amc23"], tmp_path / "data")


def test_a_name_that_no_repository_can_have_is_refused(tmp_path: Path) -> None:
    from harness.data import prefetch

    with pytest.raises(DataError, match="must have a model of the given name; got 'a/b/c'"):
        prefetch("a/b/c", tmp_path)
