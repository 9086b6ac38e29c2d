"""A process that reads sample files for another: `python -m harness.dumps.worker`.

A line of JSON in (path, step, layout), an answer out: 8 bytes of length, then an Arrow stream whose metadata has the
rest of `Scanned`, or what the reading of the file raised. It ends when its input does.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import orjson
import pyarrow as pa

from harness.dumps.layouts import LAYOUTS, Layout
from harness.dumps.scan import Scanned, scan_file
from harness.dumps.stamps import Stamp

FACTS = b"scanned"


def question(path: Path, step: int, layout: Layout) -> bytes:
    return orjson.dumps({"path": str(path), "step": step, "layout": layout.name}) + b"\n"


def answer(line: bytes) -> bytes:
    """Scans the file that the line names."""
    asked = orjson.loads(line)
    found = scan_file(Path(asked["path"]), asked["step"], LAYOUTS[asked["layout"]])
    stamp = None if found.stamp is None else asdict(found.stamp)
    facts = orjson.dumps({"sha256": found.sha256, "defect": found.defect, "stamp": stamp})
    table = found.table.replace_schema_metadata({FACTS: facts})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def parsed(content: bytes) -> Scanned:
    table = pa.ipc.open_stream(content).read_all()
    facts = orjson.loads(table.schema.metadata[FACTS])
    stamp = None if facts["stamp"] is None else Stamp(**facts["stamp"])
    return Scanned(table.replace_schema_metadata(), facts["sha256"], facts["defect"], stamp)


def main() -> None:
    sys.modules["pandas"] = None  # type: ignore[assignment]  # pyarrow would load it to ask whether a list is a Series
    for line in sys.stdin.buffer:
        try:
            content = answer(line)
        except OSError:
            content = b""  # the one who asked reads the file itself, and so meets the same error
        sys.stdout.buffer.write(len(content).to_bytes(8, "little") + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
