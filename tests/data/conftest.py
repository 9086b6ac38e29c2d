"""A model folder with a tokenizer, and the hub's download faked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub.utils import filter_repo_objects
from small_sources import COMMIT, word_tokenizer


@pytest.fixture
def words(tmp_path: Path) -> Path:
    return word_tokenizer(tmp_path / "words")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`hub(repository)`: the folder to put a repository's files in; downloads then come from there."""
    repositories = tmp_path / "hub"

    def download(repo_id: str, *, repo_type: str, allow_patterns: list[str], local_dir: Path | None) -> str:
        home = repositories / repo_type / repo_id
        names = [str(path.relative_to(home)) for path in sorted(home.rglob("*")) if path.is_file()]
        folder = local_dir or tmp_path / "cache" / repo_type / repo_id / "snapshots" / COMMIT
        for name in filter_repo_objects(names, allow_patterns=allow_patterns):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(home / name, folder / name)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    return lambda repository, kind="dataset": repositories / kind / repository
