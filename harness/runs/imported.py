"""A run that was not made here (`entrocraft import`): it can be read, and nothing else."""

from __future__ import annotations

from typing import Any

from harness.errors import RunFolderError
from harness.runs.folder import RunFolder


def require_made_here(run: RunFolder, purpose: str, remedy: str) -> None:
    """Refuses an imported run, which has neither a whole configuration nor a checkpoint.

    Args:
        purpose: what the run is wanted for, as in "to go on".
        remedy: what to do instead.
    Raises:
        RunFolderError: the run was imported.
    """
    manifest: Any = run.manifest()
    facts = manifest.get("imported")
    if facts is not None:
        raise RunFolderError(
            f"a run must have been made here {purpose}",
            f"{str(run.path)!r}, imported from {facts['name']!r}, with neither a whole configuration nor a checkpoint",
            remedy,
        )
