"""Which attempt wrote which step, and when: the metrics file without most of its numbers, read many times faster."""

from __future__ import annotations

import re
from pathlib import Path

from harness.runs.manifest import SCHEMA
from harness.runs.metrics import Record, parse_record

HEAD = re.compile(rb'\{"schema":%d,"step":(\d+),"attempt":(\d+),"time":(\d+(?:\.\d+)?(?:e\d+)?),' % SCHEMA)
"""How the writer begins a line; a line that begins otherwise is parsed whole."""


def read_outline(path: Path) -> list[Record]:
    """Every complete record in the order of writing; `data` is empty but in the first record of each attempt."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    records: list[Record] = []
    attempt, start, number = 0, 0, 0
    while (end := content.find(b"\n", start)) >= 0:
        number += 1
        head = HEAD.match(content, start, end)
        if head is not None and int(head[2]) == attempt:
            records.append(Record(schema=SCHEMA, step=int(head[1]), attempt=attempt, time=float(head[3]), data={}))
        else:
            record = parse_record(content[start:end], path, number)
            first = record["attempt"] != attempt
            attempt = record["attempt"]
            records.append(record if first else {**record, "data": {}})
        start = end + 1
    return records
