"""What a folder of prepared data holds, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.data.datasets import find
from harness.data.digest import file_digest
from harness.data.manifest import DataManifest, parquet_path
from harness.errors import DataError


@dataclass(frozen=True)
class Prepared:
    """A prepared parquet file that is the one its manifest describes."""

    path: Path
    rows: int
    manifest: DataManifest


def prepared(folder: Path, names: Iterable[str]) -> dict[str, Prepared]:
    """The prepared data sets by name, in the order of the names.

    Raises:
        ConfigError: an unknown name.
        DataError: one or more are not there (all are named), altered, or with a manifest that cannot be read.
    """
    asked = find(names)
    found = {dataset.name: state(folder, dataset.name) for dataset in asked}
    if missing := [name for name, each in found.items() if each is None]:
        listed = " ".join(missing)
        raise DataError(
            "data must be prepared before a run",
            f"no {listed} in {str(folder)!r}",
            f"Prepare it: entrocraft data prepare {listed} --folder {folder}.",
        )
    return {name: each for name, each in found.items() if each is not None}


def state(folder: Path, name: str) -> Prepared | None:
    """What is prepared under a name, None where nothing is.

    A parquet file without a manifest is what a killed `prepare` leaves: nothing, too.

    Raises:
        DataError: altered since it was prepared, or an unreadable manifest.
    """
    path = parquet_path(folder, name)
    try:
        manifest = DataManifest.read(folder, name)
    except FileNotFoundError:
        return None
    if not path.is_file():
        return None
    if (digest := file_digest(path)) != manifest.parquet_sha256:
        raise DataError(
            "prepared data must be what was prepared",
            f"SHA-256 {digest[:12]} instead of {manifest.parquet_sha256[:12]} for {path}",
            f"Prepare it again: entrocraft data prepare {name} --folder {folder} --force.",
        )
    return Prepared(path, manifest.rows, manifest)
