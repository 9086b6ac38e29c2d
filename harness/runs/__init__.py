"""The run folder: the single truth of a run (standard library and orjson only).

One process writes a run folder, the holder of its lock; any number may read it at any moment,
also after a ``kill -9`` of the writer, and never see half a record.
"""

from harness.errors import LockHeldError
from harness.runs.folder import RunFolder
from harness.runs.lock import RunLock, holder
from harness.runs.manifest import Attempt, Manifest, RunState
from harness.runs.metrics import Record, last_record, read_records, stitch

__all__ = [
    "Attempt",
    "LockHeldError",
    "Manifest",
    "Record",
    "RunFolder",
    "RunLock",
    "RunState",
    "holder",
    "last_record",
    "read_records",
    "stitch",
]
