"""Model folders: what is fetched, and that only a whole one passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from harness.assets import model_folder
from harness.data import check_model, prefetch
from harness.errors import DataError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder("tiny"), tmp_path / "model"))


@pytest.fixture
def sharded(model: Path) -> Path:
    """The same weights in two files with an index."""
    tensors = load_file(model / "model.safetensors")
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, own in shards.items():
        save_file({name: tensors[name] for name in own}, model / file)
    weight_map = {name: file for file, own in shards.items() for name in own}
    (model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (model / "model.safetensors").unlink()
    return model


def test_a_local_folder_is_only_checked(model: Path) -> None:
    before = sorted(model.iterdir())
    assert prefetch(str(model)) == model.resolve()
    assert sorted(model.iterdir()) == before


def test_only_what_a_run_needs_is_fetched(hub: Callable[..., Path], sharded: Path, tmp_path: Path) -> None:
    home = hub("Own/Small", "model")
    shutil.copytree(sharded, home)
    for name in ("pytorch_model.bin", "original/consolidated.00.pth", "README.md", "model.gguf"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("large")
    folder = prefetch("Own/Small", tmp_path / "models")
    assert folder == (tmp_path / "models" / "Own" / "Small").resolve()
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {path.name for path in sharded.iterdir()}


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_a_missing_file_is_named(name: str, model: Path) -> None:
    (model / name).unlink()
    with pytest.raises(DataError, match=f"must be whole; got no {name}"):
        check_model(model)


def test_missing_shards_are_all_named(sharded: Path) -> None:
    check_model(sharded)
    for path in sharded.glob("model-*.safetensors"):
        path.unlink()
    with pytest.raises(DataError, match=r"no model-00001-of-00002\.safetensors, model-00002-of-00002\.safetensors in"):
        check_model(sharded)


@pytest.mark.parametrize("cut", [1, 10_000])
def test_weights_cut_short_are_refused(cut: int, sharded: Path) -> None:
    path = sharded / "model-00002-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=r"weights must be whole; got [\d,]+ of [\d,]+ bytes"):
        check_model(sharded)


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"\0" * 64])
def test_a_file_that_holds_no_weights_is_refused(content: bytes, model: Path) -> None:
    (model / "model.safetensors").write_bytes(content)
    with pytest.raises(DataError, match="readable as safetensors"):
        check_model(model)


def test_damaged_json_is_refused(model: Path) -> None:
    (model / "tokenizer_config.json").write_text("{")
    with pytest.raises(DataError, match="JSON must be readable"):
        check_model(model)


def test_an_index_without_files_is_refused(sharded: Path) -> None:
    (sharded / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    with pytest.raises(DataError, match="no weight_map"):
        check_model(sharded)


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a model folder must exist"):
        prefetch(str(tmp_path / "gone"))
