"""Where the trials of a study are: in a SQLite file of its folder, or in a database that a team shares.

The shared one is named in STUDY/storage.json: the address, without a password, and the study's name there, which is its
own name and 8 digits drawn once: in one database two people may have a study `demo` each. The drawn name is kept before
the study is made there, so that a start after a kill makes no second one; the address afterwards, so that a mistyped
one is forgotten.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.config.database_url import check_url
from harness.errors import ConfigError, StudyError
from harness.runs.atomic import write_file

SCHEMA = 1
FILE = "storage.json"
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True)
class Place:
    """Attributes: `kind` (sqlite, postgresql), `address` (path of the file, or URL), `study` (its name there)."""

    kind: str
    address: str
    study: str

    @property
    def path(self) -> Path:
        """The file of a place on SQLite."""
        return Path(self.address)


def sqlite_in(folder: Path, name: str) -> Place:
    """The place of a study by default."""
    return Place(SQLITE, str(folder / "optuna.db"), name)


def find(folder: Path, name: str) -> Place:
    """Where the trials of the study are, or, before its first start, would be by default.

    Raises:
        StudyError: storage.json cannot be read. ConfigError: its address is refused.
    """
    kept = _kept(folder)
    if "url" in kept:
        return Place(POSTGRESQL, check_url(kept["url"]), kept["study"])
    return sqlite_in(folder, name)


def settle(folder: Path, name: str, url: str | None = None, default: str | None = None) -> Place:
    """Where the trials of a study that starts, or goes on, are to be. To be made there, then `keep` it.

    Args:
        name: of the study.
        url: asked for by a person; a study that is elsewhere refuses it.
        default: for studies that begin, such as from the environment; one that has a place stays there.

    Raises:
        ConfigError: the address is refused.
        StudyError: the study is elsewhere than asked for, or storage.json cannot be read.
    """
    asked = None if url is None else check_url(url)
    found = find(folder, name)
    if found.kind == POSTGRESQL or found.path.exists():
        if asked is not None and asked != found.address:
            raise StudyError(
                f"the trials of {str(folder)!r} must stay where they are, in {found.address}",
                asked,
                "Leave the setting away, or start a study of another name or in another folder.",
            )
        return found
    address = asked if asked is not None or default is None else check_url(default)
    if address is None:
        return found
    study = _kept(folder).get("study") or f"{name}-{secrets.token_hex(4)}"
    _write(folder, {"study": study})
    return Place(POSTGRESQL, address, study)


def keep(folder: Path, place: Place) -> None:
    """Writes the address of a shared database down, once the study was made there."""
    if place.kind == POSTGRESQL:
        _write(folder, {"study": place.study, "url": place.address})


def _write(folder: Path, content: dict[str, str]) -> None:
    text = orjson.dumps({"schema": SCHEMA, **content}, option=orjson.OPT_INDENT_2) + b"\n"
    if not (folder / FILE).exists() or (folder / FILE).read_bytes() != text:
        write_file(folder / FILE, text)


def _kept(folder: Path) -> dict[str, Any]:
    """The content of storage.json; {} where there is none."""
    path = folder / FILE
    try:
        kept = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise StudyError(f"{str(path)!r} must be readable JSON", str(error), "Restore it.") from error
    if not isinstance(kept, dict) or kept.get("schema") != SCHEMA:
        found = kept.get("schema") if isinstance(kept, dict) else None
        raise StudyError(
            f"{str(path)!r} must have schema {SCHEMA}", repr(found), "Go on with the version that made it."
        )
    if not {"schema", "study"} <= set(kept) <= {"schema", "study", "url"} or not all(
        isinstance(kept[key], str) and kept[key] for key in set(kept) - {"schema"}
    ):
        raise StudyError(
            f"{str(path)!r} must hold the texts 'study' and, once it is settled, 'url'", remedy="Restore it."
        )
    return kept


__all__ = ["ConfigError", "Place", "check_url", "find", "keep", "settle", "sqlite_in"]
