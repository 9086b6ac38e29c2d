"""What a run asks of a folder of prepared data."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_sources import rows_of, write

from harness.data import DATASETS, prepare, prepared
from harness.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("math500", "amc23"):
        source = write(rows_of(name, 4), tmp_path / f"{name}.jsonl")
        prepare(DATASETS[name], tmp_path / "data", local=[source], allow_count=True)
    return tmp_path / "data"


def test_gives_paths_rows_and_manifests_in_the_order_asked(folder: Path) -> None:
    found = prepared(folder, ["amc23", "math500"])
    assert list(found) == ["amc23", "math500"]
    assert found["amc23"].path == folder / "amc23.parquet"
    assert found["amc23"].rows == found["amc23"].manifest.rows == 4


def test_all_that_is_missing_is_named_with_the_command(folder: Path) -> None:
    (folder / "amc23.parquet").unlink()
    with pytest.raises(DataError) as caught:
        prepared(folder, ["numina-100k", "math500", "amc23"])
    assert caught.value.value == f"no numina-100k amc23 in {str(folder)!r}"
    assert caught.value.remedy == f"Prepare it: entrocraft data prepare numina-100k amc23 --folder {folder}."


def test_an_altered_file_is_refused_until_it_is_prepared_again(folder: Path, tmp_path: Path) -> None:
    path = folder / "amc23.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match=r"must be what was prepared.*entrocraft data prepare amc23 .*--force"):
        prepared(folder, ["amc23"])
    again = {"local": [tmp_path / "amc23.jsonl"], "allow_count": True}
    with pytest.raises(DataError, match="must be what was prepared"):
        prepare(DATASETS["amc23"], folder, **again)
    prepare(DATASETS["amc23"], folder, **again, force=True)
    assert prepared(folder, ["amc23"])["amc23"].rows == 4


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 2}', '{"schema": 1}'])
def test_a_manifest_that_cannot_be_read_is_refused(content: str, folder: Path) -> None:
    (folder / "amc23.manifest.json").write_text(content)
    with pytest.raises(DataError, match="a manifest of prepared data must be readable"):
        prepared(folder, ["amc23"])


def test_unknown_names_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'aime25'"):
        prepared(folder, ["aime2025"])
