"""The command line that starts the same sweep again, in the background or in a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.config.driver_resources import DriverResourcesConfig
from harness.config.launch import first_key
from harness.runs.atomic import write_file

ENTROCRAFT = ("-u", "-m", "harness.cli.main")
"""Arguments of the interpreter; the words of a command follow."""
STUDY = "study="


def sweep_words(overrides: Sequence[str], studies: Path, study_file: Path | None = None) -> list[str]:
    """The same sweep, driven where it is started, whose cost was accepted.

    `study_file` takes the place of the file that the study was read from.
    """
    kept = [text for text in overrides if first_key(text) not in ("driver", DriverResourcesConfig.KEY)]
    if study_file is not None:
        kept = [f"{STUDY}{study_file}" if text.startswith(STUDY) else text for text in kept]
    return ["sweep", *kept, "--dir", str(studies.absolute()), "--yes"]


def frozen_study(overrides: Sequence[str], folder: Path) -> Path | None:
    """A copy of the study's file in `folder`, since a job starts again and again, and the file may be edited.

    None for a shipped study: the job's code has it.
    """
    name = next(text.removeprefix(STUDY) for text in overrides if text.startswith(STUDY))
    if not name.endswith((".yaml", ".yml")):
        return None
    copy = folder.absolute() / "study.yaml"
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_file(copy, Path(name).read_bytes())
    return copy
