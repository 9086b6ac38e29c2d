"""`STUDY/budget.json`: the hours that people granted a study beyond those of its definition, and who did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from harness.errors import ConfigError, StudyError
from harness.runs.atomic import write_file
from sweeps.folder import StudyFolder

SCHEMA = 1


def granted(folder: StudyFolder, base: float | None) -> float | None:
    """Hours that the study may cost in all: those of its definition and what was granted since; None: no limit.

    Raises:
        StudyError: the file is damaged.
    """
    hours = [float(str(entry["hours"])) for entry in grants(folder)]
    if not hours:
        return base
    return (base or 0.0) + math.fsum(hours)


def grants(folder: StudyFolder) -> list[dict[str, object]]:
    """Each {"hours", "by"}, oldest first; [] where nothing was granted."""
    try:
        content = orjson.loads(folder.budget_path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, orjson.JSONDecodeError) as error:
        raise _damaged(folder, str(error)) from error
    match content:
        case {"schema": 1, "grants": [*entries]} if all(_is_grant(entry) for entry in entries):
            return entries
    raise _damaged(folder, repr(content)[:100])


def grant(folder: StudyFolder, base: float | None, text: str, by: str) -> float:
    """Grants hours as `--budget` says: `+200` more, or `500` in all; the hours that the study may cost now.

    Raises:
        ConfigError: no number, or more for a study without a budget.
    """
    before = granted(folder, base)
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not math.isfinite(hours) or hours <= 0:
        raise ConfigError("--budget must be hours > 0 in all, or +hours more", repr(text), "Set e.g. --budget +200.")
    more = text.strip().startswith("+")
    if more and before is None:
        raise ConfigError(
            "--budget +hours adds to the budget that a study has",
            f"{text!r} for a study without one, which costs what it costs",
            f"Give it one in all: --budget {hours:g}.",
        )
    change = hours if more else hours - (before or 0.0)
    _write(folder, [*grants(folder), {"hours": change, "by": by}])
    total = granted(folder, base)
    assert total is not None
    return total


@contextmanager
def granting(folder: StudyFolder, base: float | None, text: str | None, by: str) -> Iterator[float | None]:
    """Grants what `text` says for what is done inside, and takes it back where that raises; None grants nothing."""
    if text is None:
        yield None
        return
    before = grants(folder)
    folder.path.mkdir(parents=True, exist_ok=True)
    total = grant(folder, base, text, by)
    try:
        yield total
    except BaseException:
        if before:
            _write(folder, before)
        else:
            folder.budget_path.unlink(missing_ok=True)
        raise


def _write(folder: StudyFolder, entries: list[dict[str, object]]) -> None:
    write_file(folder.budget_path, orjson.dumps({"schema": SCHEMA, "grants": entries}) + b"\n")


def _is_grant(entry: object) -> bool:
    match entry:
        case {"hours": int() | float(), "by": str()}:
            return True
    return False


def _damaged(folder: StudyFolder, found: str) -> StudyError:
    return StudyError(
        f"{str(folder.budget_path)!r} must hold the hours that were granted",
        found,
        "Restore it, or remove it and grant them again with --budget.",
    )
