"""Snapshots in a study's folder: published whole, found again by content, checked before they are used again."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import orjson

import harness
from harness.errors import StudyError
from harness.runs.atomic import publish_folder, write_file
from harness.runs.manifest import now
from harness.runs.provenance import git_state, package_versions, secrets
from sweeps.snapshot.source import Entry, code_names, digest, read, walk

ROOT = Path(harness.__file__).resolve().parents[1]
"""Where this process's packages come from: the top of a checkout, or a site-packages."""
LEFTOVER_AGE_S = 3600.0
"""A temporary folder of that age belongs to a process that was killed: a snapshot takes about a second."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot on disk: `path` goes first on PYTHONPATH; `files` and `bytes` are counts."""

    digest: str
    path: Path
    files: int
    bytes: int


def take(study_path: Path, environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Snapshot:
    """The snapshot of the code as it is now, below `root`; nothing is copied where the study has it already.

    Raises:
        StudyError: a file that a snapshot cannot have (see `sweeps.snapshot.source`), the value of a secret of
            `environ` in a file, or a snapshot of this digest that was altered.
    """
    names = code_names(root)
    hidden = {name: os.fsencode(value) for name, value in secrets(environ).items()}
    _refuse_secrets({"the name of a file": os.fsencode("\n".join(names))}, hidden)  # before a message can hold it
    code = read(root, names)
    _refuse_secrets({repr(entry.name): content for entry, content in code.items()}, hidden)
    path = Path(study_path).absolute() / "snapshots" / digest(code)
    if path.exists():
        verify(path)
    else:
        record = _record(path.name, code, root)
        _refuse_secrets({"the description of the environment": record}, hidden)
        path.parent.mkdir(parents=True, exist_ok=True)
        _publish(code, record, path)
    return Snapshot(path.name, path, len(code), sum(entry.size for entry in code))


def verify(path: Path) -> None:
    """Raises StudyError, naming a file, where the snapshot is not as it was taken.

    Files in __pycache__ are not looked at: Python uses one only when it is of the very source beside it.
    """
    recorded = {entry.name: entry for entry in _recorded(path)}
    names = set(walk(path))
    for name in sorted(recorded.keys() ^ names):
        raise _altered(path, f"{name!r}, which is {'missing' if name in recorded else 'new'}")
    for entry in read(path, sorted(names)):
        if entry != recorded[entry.name]:
            same = entry.sha256 == recorded[entry.name].sha256
            raise _altered(path, f"{entry.name!r} with another {'mode' if same else 'content'}")


def _record(name: str, code: Mapping[Entry, bytes], root: Path) -> bytes:
    """DIGEST.json. Paths are percent-encoded: a name need not be UTF-8, JSON must."""
    state = git_state(root)
    content = {
        "digest": name,
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
            for entry in code
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def _recorded(path: Path) -> list[Entry]:
    """The files that DIGEST.json lists; they must give the digest that the folder is named by."""
    try:
        files = orjson.loads(_record_path(path).read_bytes())["files"]
        entries = [
            Entry(os.fsdecode(unquote_to_bytes(each["path"])), each["executable"], each["sha256"], each["bytes"])
            for each in files
        ]
    except (OSError, orjson.JSONDecodeError, LookupError, TypeError) as error:
        raise _altered(path, f"{_record_path(path).name!r} beside it, which cannot be read: {error}") from error
    if digest(entries) != path.name:
        raise _altered(path, f"{_record_path(path).name!r} beside it with another list of files")
    return entries


def _publish(code: Mapping[Entry, bytes], record: bytes, path: Path) -> None:
    """Writes the files, read-only, under a temporary name; whoever publishes the same content first wins."""
    _remove_leftovers(path.parent)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    folder, record_path = temporary / path.name, _record_path(temporary / path.name)
    folder.mkdir(parents=True)
    try:
        for entry, content in code.items():
            target = folder / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o555 if entry.executable else 0o444)
            with open(handle, "wb") as file:
                file.write(content)
        write_file(record_path, record)
        record_path.replace(_record_path(path))  # first: a folder without it could not be verified
        publish_folder(folder, path)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY) or not path.exists():
            raise
        verify(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):  # another take's, which has just been published
            if time.time() - path.stat().st_mtime > LEFTOVER_AGE_S:
                shutil.rmtree(path, ignore_errors=True)


def _refuse_secrets(texts: Mapping[str, bytes], hidden: Mapping[str, bytes]) -> None:
    """Refuses a text, given with what it is called, that has a value of `hidden`; it says whose, never the value."""
    for variable, value in hidden.items():
        for what, text in texts.items():
            if value in text:
                raise StudyError(
                    "a snapshot must not hold the value of a variable that looks like a secret",
                    f"that of ${variable} in {what}",
                    f"Remove it there, or unset {variable} where it is no secret.",
                )


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _altered(path: Path, found: str) -> StudyError:
    return StudyError(
        f"the snapshot {str(path)!r} must be as it was taken",
        found,
        "Restore it; or, once no job of the study is left, remove it: the next start takes one anew.",
    )
