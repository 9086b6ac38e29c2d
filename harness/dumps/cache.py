"""The columns of a run's sample files, kept so that a file is not read again until it changes.

One entry a run, in a folder of the user and never in the run folder, which only the run's own process writes:

    entrocraft-samples 2 <sha256 of what follows, hex>\\n
    Arrow IPC stream: the tables of all files under one another, with the facts of each file as its metadata

An entry is replaced atomically, so that any number of readers and writers may share the folder. One that is damaged,
of another version, or of other files is as good as none: the files are read. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson
import pyarrow as pa

from harness.dumps.scan import Scanned
from harness.dumps.stamps import Stamp
from harness.dumps.table import SCHEMA, joined

VERSION = 2
MAGIC = f"entrocraft-samples {VERSION} ".encode()
FACTS = b"files"
FOLDER_VARIABLE = "ENTROCRAFT_CACHE"


def default_cache() -> SampleCache:
    """In $ENTROCRAFT_CACHE, or else $XDG_CACHE_HOME/entrocraft, or else ~/.cache/entrocraft."""
    given = os.environ.get(FOLDER_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return SampleCache((Path(given) if given else Path(base) / "entrocraft") / "samples")


class SampleCache:
    """Entries by the path of a run folder. A folder that cannot be written is a cache that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, run: Path) -> dict[str, Scanned]:
        """File name -> what was read of it, each with the stamp it had; {} where there is no sound entry."""
        try:
            content = self._path(run).read_bytes()
            return _unpacked(content)
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            return {}

    def store(self, run: Path, files: dict[str, Scanned]) -> None:
        """Keeps the files that have a stamp, in place of what was kept of this run."""
        kept = {name: found for name, found in files.items() if found.stamp is not None}
        target = self._path(run)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_packed(kept))
            temporary.replace(target)  # no fsync: a torn entry fails its digest, and is read as none
        except OSError:
            with suppress(OSError):
                temporary.unlink()

    def _path(self, run: Path) -> Path:
        return self.folder / hashlib.sha256(str(run.resolve()).encode()).hexdigest()[:32]


def _packed(files: dict[str, Scanned]) -> bytes:
    facts = {
        name: {
            "rows": found.table.num_rows,
            "digest": found.digest,
            "defect": found.defect,
            "stamp": asdict(found.stamp) if found.stamp else None,
        }
        for name, found in files.items()
    }
    table = joined([found.table for found in files.values()])
    sink = pa.BufferOutputStream()
    schema = SCHEMA.with_metadata({FACTS: orjson.dumps(facts)})
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table.cast(schema))
    payload = sink.getvalue()
    return MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload.to_pybytes()


def _unpacked(content: bytes) -> dict[str, Scanned]:
    end = content.index(b"\n")
    payload = memoryview(content)[end + 1 :]
    if content[:end] != MAGIC + hashlib.sha256(payload).hexdigest().encode():
        raise ValueError("not an entry of this version, or a damaged one")
    table = pa.ipc.open_stream(payload).read_all()
    found, begin = {}, 0
    for name, fact in orjson.loads(table.schema.metadata[FACTS]).items():
        part = table.slice(begin, fact["rows"]).replace_schema_metadata()
        found[name] = Scanned(part, fact["digest"], fact["defect"], Stamp(**fact["stamp"]))
        begin += fact["rows"]
    return found
