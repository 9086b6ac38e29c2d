"""DIGEST.json beside a snapshot: the files with their hashes, and the commit and environment of the first take."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import orjson

from harness.errors import StudyError
from harness.runs.manifest import now
from harness.runs.provenance import git_state, package_versions
from sweeps.snapshot.source import Entry, digest


def describe(entries: Iterable[Entry], root: Path) -> bytes:
    """The record of code below `root`. Paths are percent-encoded: a name need not be UTF-8, JSON must."""
    state = git_state(root)
    ordered = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    content = {
        "digest": digest(ordered),
        "commit": state["commit"],
        "dirty": state["dirty"],
        "python": platform.python_version(),
        "packages": package_versions(),
        "created": now(),
        "files": [
            {
                "path": quote(os.fsencode(entry.name)),
                "executable": entry.executable,
                "sha256": entry.sha256,
                "bytes": entry.size,
            }
            for entry in ordered
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def record_path_of(path: Path) -> Path:
    """Where the record of the snapshot `path` is."""
    return path.with_name(f"{path.name}.json")


def recorded_entries(path: Path) -> list[Entry]:
    """The files that the snapshot `path` was taken with. StudyError where they do not give its digest."""
    record = record_path_of(path)
    try:
        entries = [
            Entry(os.fsdecode(unquote_to_bytes(each["path"])), each["executable"], each["sha256"], each["bytes"])
            for each in orjson.loads(record.read_bytes())["files"]
        ]
        same = digest(entries) == path.name
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise altered(path, f"{record.name!r} beside it, which cannot be read: {error}") from error
    if not same:
        raise altered(path, f"{record.name!r} beside it with another list of files")
    return entries


def altered(path: Path, found: str) -> StudyError:
    """The refusal of a snapshot, for the caller to raise."""
    return StudyError(
        f"the snapshot {str(path)!r} must be as it was taken",
        found,
        "Restore it; or, once no job of the study is left, remove it: the next start takes one anew.",
    )
