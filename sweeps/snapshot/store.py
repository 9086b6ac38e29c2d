"""Snapshots in a study's folder: published whole, found again by content, checked before they are used again."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.errors import StudyError
from harness.runs.atomic import publish_folder, write_file
from harness.runs.provenance import secrets
from sweeps.snapshot.record import altered, describe, record_path_of, recorded_entries
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


def take(study_path: Path | str, environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Snapshot:
    """The snapshot of the code as it is now, below `root`; nothing is copied where the study has it already.

    Raises:
        StudyError: a path that PYTHONPATH cannot have, a file that a snapshot cannot have (`sweeps.snapshot.source`),
            the value of a secret of `environ` in a file, or a snapshot of this digest that was altered.
    """
    folder = Path(study_path).absolute() / "snapshots"
    if os.pathsep in str(folder):
        raise StudyError(
            f"the path of a study with a snapshot must not have {os.pathsep!r}, which ends a path in PYTHONPATH",
            repr(str(study_path)),
            "Put the study elsewhere.",
        )
    names = code_names(root)
    hidden = {name: os.fsencode(value) for name, value in secrets(environ).items()}
    _refuse_secrets({"the name of a file": os.fsencode("\n".join(names))}, hidden)  # before a message can hold it
    code = read(root, names)
    _refuse_secrets({repr(entry.name): content for entry, content in code.items()}, hidden)
    path = folder / digest(code)
    if path.exists():
        verify(path)
    else:
        record = describe(code, root)
        _refuse_secrets({"the description of the environment": record}, hidden)
        folder.mkdir(parents=True, exist_ok=True)
        _publish(code, record, path)
    return Snapshot(path.name, path, len(code), sum(entry.size for entry in code))


def verify(path: Path) -> None:
    """Raises StudyError, naming a file, where the snapshot is not as it was taken.

    Files in __pycache__ are not looked at: Python uses one only when it is of the very source beside it.
    """
    recorded = {entry.name: entry for entry in recorded_entries(path)}
    names = set(walk(path))
    for name in sorted(recorded.keys() ^ names):
        raise altered(path, f"{name!r}, which is {'missing' if name in recorded else 'new'}")
    for entry in read(path, sorted(names)):
        if entry != recorded[entry.name]:
            same = entry.sha256 == recorded[entry.name].sha256
            raise altered(path, f"{entry.name!r} with another {'mode' if same else 'content'}")


def _publish(code: Mapping[Entry, bytes], record: bytes, path: Path) -> None:
    """Writes the files, read-only, under a temporary name; whoever publishes the same content first wins."""
    _remove_leftovers(path.parent)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    folder, record_path = temporary / path.name, record_path_of(temporary / path.name)
    folder.mkdir(parents=True)
    try:
        for entry, content in code.items():
            target = folder / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o555 if entry.executable else 0o444)
            with open(handle, "wb") as file:
                file.write(content)
        write_file(record_path, record)
        record_path.replace(record_path_of(path))  # first: a folder without it could not be verified
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
