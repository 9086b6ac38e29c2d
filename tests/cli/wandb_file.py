"""What an offline W&B run holds: its file is LevelDB's log format behind a header of 7 bytes."""

from __future__ import annotations

import time
from pathlib import Path

BLOCK = 32768
HEADER = 7
"""Of the file, and of each piece of a record: checksum (4 bytes), length (2), kind (1: whole, 2 to 4: its parts)."""
WHOLE, FIRST, LAST = 1, 2, 4
PATIENCE_S = 30


def records(path: Path) -> list[bytes]:
    """The records of a .wandb file, as they were written."""
    content, position = path.read_bytes(), HEADER
    found, parts = [], b""
    while position + HEADER <= len(content):
        if BLOCK - position % BLOCK < HEADER:
            position += BLOCK - position % BLOCK
            continue
        length, kind = int.from_bytes(content[position + 4 : position + 6], "little"), content[position + 6]
        piece = content[position + HEADER : position + HEADER + length]
        if len(piece) < length:
            break
        position += HEADER + length
        parts = piece if kind in (WHOLE, FIRST) else parts + piece
        if kind in (WHOLE, LAST):
            found.append(parts)
    return found


def sent(run: Path) -> dict[str, list[int]]:
    """W&B run id -> the steps in the offline files of a run folder, in the order in which they were written."""
    steps: dict[str, list[int]] = {}
    for path in sorted((run / "wandb").glob("offline-run-*/*.wandb")):
        steps.setdefault(path.stem.removeprefix("run-"), []).extend(_steps(path))
    return steps


def _steps(path: Path) -> list[int]:
    """wandb's service writes the end of a file after `finish` has returned: its exit record is waited for."""
    from wandb.proto import wandb_internal_pb2

    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = []
        for content in records(path):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(content)
            found.append(record)
        if any(record.WhichOneof("record_type") == "exit" for record in found):
            return [record.history.step.num for record in found if record.WhichOneof("record_type") == "history"]
        assert time.monotonic() < deadline, f"{path} has no end"
        time.sleep(0.05)
