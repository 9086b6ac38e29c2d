"""Where a snapshot of the code as it is now would lie; nothing is written."""

from __future__ import annotations

from pathlib import Path

from harness.runs.provenance import SNAPSHOTS
from sweeps.snapshot.source import code_names, digest, read
from sweeps.snapshot.store import ROOT


def planned(study_path: Path, root: Path = ROOT) -> Path:
    """The path that `take` would give. Raises StudyError: a file that a snapshot cannot have."""
    return Path(study_path).absolute() / SNAPSHOTS / digest(read(root, code_names(root)))
