"""What a path holds that can be imported: told from the content, refused where that is not plain."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from harness.errors import DataError

DUMP = re.compile(r"\d+\.jsonl")
DUMP_FOLDERS = ("validation", "validation_data", "val_generations", "val")
"""Where the dumps of a log are looked for beside it; `--dumps` names any other folder."""
CHUNK_BYTES = 1 << 20
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Source:
    """kind: "verl" (a log of the logger `file`, and dumps) or "osb" (checkpoint measurements).

    files: everything that is read. dumps: step -> dump. For "osb", `log` is None and files are the measurements.
    """

    kind: Literal["verl", "osb"]
    path: Path
    files: tuple[Path, ...]
    log: Path | None = None

    @property
    def dumps(self) -> dict[int, Path]:
        found = {int(path.stem): path for path in self.files if path != self.log} if self.kind == "verl" else {}
        return dict(sorted(found.items()))

    def sha256(self) -> str:
        """Of the names and contents of all files, in the order of their names."""
        whole = hashlib.sha256()
        for path in sorted(self.files, key=lambda path: path.name):
            whole.update(f"{path.name}\0{_digest(path)}\0".encode())
        return whole.hexdigest()


def find_source(path: Path, dumps: Path | None = None) -> Source:
    """The source at `path`: a log, a folder with one log, a measurement, or a folder of measurements.

    Args:
        dumps: folder of `<step>.jsonl`; None looks for one beside the log.
    Raises:
        DataError: nothing of the kind is there, more than one log, or a run folder.
    """
    if not path.exists():
        raise DataError("an import is of a file or folder that exists", repr(str(path)), "Check the path.")
    folder = path if path.is_dir() else path.parent
    if (folder / MANIFEST).is_file():  # its metrics look like a log, but its configuration and samples would be lost
        raise DataError(
            "an import is of what is no run folder yet",
            f"{str(folder)!r}, which has a {MANIFEST}",
            "Nothing to import: give it, or a folder above it, to `entrocraft compare`, `figures` or `paper`.",
        )
    candidates = [path] if path.is_file() else sorted(each for each in path.iterdir() if each.is_file())
    logs = [each for each in candidates if each.suffix == ".jsonl" and _is_log(each)]
    if len(logs) > 1:
        raise DataError(
            "a folder to import holds one log",
            ", ".join(each.name for each in logs),
            "Give one of these files; attempts of one run are put under one another in one file, oldest first.",
        )
    if logs:
        return Source("verl", path, (logs[0], *_dumps(logs[0].parent, dumps)), logs[0])
    measured = [each for each in candidates if each.suffix == ".json" and _is_measurement(each)]
    if measured:
        return Source("osb", path, tuple(measured))
    raise DataError(
        "a path to import holds verl's `file` log (JSONL of step and data) or measurements of the output-space "
        "baseline (JSON of label and datasets)",
        f"neither in {str(path)!r}",
        "Give the file itself, if it has another suffix than .jsonl or .json, rename it.",
    )


def _dumps(beside: Path, given: Path | None) -> list[Path]:
    places = [given] if given is not None else [beside / name for name in DUMP_FOLDERS]
    for folder in places:
        found = [each for each in folder.iterdir() if DUMP.fullmatch(each.name)] if folder.is_dir() else []
        if found:
            return sorted(found, key=lambda each: int(each.stem))
    if given is not None:
        raise DataError("the folder of dumps holds <step>.jsonl files", f"none in {str(given)!r}", "Check --dumps.")
    return []


def _is_log(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(1 << 24)
    try:
        entry = orjson.loads(first)
    except orjson.JSONDecodeError:  # NaN, or damage further on in the line: its beginning tells
        return re.match(rb'\{\s*"step"\s*:\s*\d+\s*,\s*"data"\s*:\s*\{', first) is not None
    return isinstance(entry, dict) and {*entry} >= {"step", "data"} and isinstance(entry["data"], dict)


def _is_measurement(path: Path) -> bool:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and {*content} >= {"label", "datasets"}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
