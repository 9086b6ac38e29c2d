"""`STUDY/ended.json`: what a driver found when it had nothing more to do. It goes when a driver starts again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import orjson

from harness.config.group import read
from harness.errors import ConfigError
from harness.runs.atomic import write_file
from harness.runs.manifest import now
from sweeps.folder import StudyFolder


@dataclass(frozen=True)
class Ended:
    """`at`: ISO 8601 in UTC."""

    at: str = field(compare=False)
    unaffordable: bool
    """Whether something is left that the budget does not pay."""
    used_up: bool
    """Whether the sampler found no configuration any more that was not there already."""


def note_end(folder: StudyFolder, unaffordable: bool, used_up: bool) -> None:
    """Writes it."""
    write_file(folder.ended_path, orjson.dumps(asdict(Ended(now(), unaffordable, used_up))) + b"\n")


def forget_end(folder: StudyFolder) -> None:
    """The study goes on."""
    folder.ended_path.unlink(missing_ok=True)


def ended(folder: StudyFolder) -> Ended | None:
    """None where the study may go on by itself, or the file is damaged."""
    try:
        return read(Ended, orjson.loads(folder.ended_path.read_bytes()), "ended.json")
    except (FileNotFoundError, orjson.JSONDecodeError, ConfigError):
        return None
