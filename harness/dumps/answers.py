"""What a reading process is asked and what it answers, as bytes for a pipe."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
import pyarrow as pa

from harness.dumps.layouts import LAYOUTS, Layout
from harness.dumps.scan import Scanned, read_lines
from harness.dumps.stamps import Stamp

FACTS = b"scanned"


def question(path: Path, step: int, layout: Layout) -> bytes:
    return orjson.dumps({"path": str(path), "step": step, "layout": layout.name}) + b"\n"


def answer(line: bytes) -> bytes:
    """Reads the file that the line names."""
    asked = orjson.loads(line)
    found = read_lines(Path(asked["path"]), asked["step"], LAYOUTS[asked["layout"]])
    stamp = None if found.stamp is None else asdict(found.stamp)
    facts = orjson.dumps({"digest": found.digest, "defect": found.defect, "stamp": stamp})
    table = found.table.replace_schema_metadata({FACTS: facts})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def parsed(content: bytes) -> Scanned:
    table = pa.ipc.open_stream(content).read_all()
    facts = orjson.loads(table.schema.metadata[FACTS])
    stamp = None if facts["stamp"] is None else Stamp(**facts["stamp"])
    return Scanned(table.replace_schema_metadata(), facts["digest"], facts["defect"], stamp)
