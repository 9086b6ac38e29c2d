"""The study's folder: its frozen definition, its store and its runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from harness.config.difference import difference
from harness.errors import StudyError
from harness.runs.atomic import write_file

SCHEMA = 1
UNESSENTIAL = ("parallel", "budget")
SHOWN_DIFFERENCES = 10
INFINITE = ("inf", "-inf")
SHOWN_CHARACTERS = 100


class StudyFolder:
    """Paths of a study, and the definition that was frozen at its first start."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self.definition_path = self.path / "study.json"
        self.runs_path = self.path / "runs"
        self.cancelled_path = self.path / "cancelled"
        self.requests_path = self.path / "requests"
        self.budget_path = self.path / "budget.json"
        self.warm_path = self.path / "warm.json"
        self.ended_path = self.path / "ended.json"

    def exists(self) -> bool:
        return self.definition_path.is_file()

    def definition(self) -> dict[str, Any]:
        """The frozen definition: {"study": StudyConfig.to_dict(), "points": resolved configurations}."""
        try:
            saved = orjson.loads(self.definition_path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise StudyError(
                f"{str(self.path)!r} must hold a readable study.json",
                str(error),
                "Give the folder of a study.",
            ) from error
        if not isinstance(saved, dict) or saved.get("schema") != SCHEMA:
            found = saved.get("schema") if isinstance(saved, dict) else None
            raise StudyError(
                f"the study in {str(self.path)!r} must have schema {SCHEMA}",
                repr(found),
                "Go on with the version that made it, or start a study of another name.",
            )
        study = saved.get("study")
        if not isinstance(study, dict) or not {"name", "title", "seeds"} <= set(study):
            raise StudyError(
                f"the study.json in {str(self.path)!r} must hold a study with a name, a title and seeds",
                repr(study)[:SHOWN_CHARACTERS],
                "Restore it, or start a study of another name.",
            )
        return saved

    def cancel(self, reason: str) -> None:
        """Marks the study: no driver begins a trial or starts a run of it until the mark is withdrawn."""
        self.cancelled_path.write_text(reason)

    def cancelled(self) -> str | None:
        """Why nothing more is to be started; None where it is not cancelled."""
        try:
            return self.cancelled_path.read_text(errors="replace")
        except FileNotFoundError:
            return None

    def withdraw_cancel(self) -> None:
        self.cancelled_path.unlink(missing_ok=True)

    def freeze(self, definition: Mapping[str, Any]) -> None:
        """Writes the definition at the first start; later it refuses a changed one, with the difference."""
        plain = orjson.loads(orjson.dumps({"schema": SCHEMA, **definition}))
        if not self.exists():
            self.runs_path.mkdir(parents=True, exist_ok=True)
            write_file(self.definition_path, orjson.dumps(plain, option=orjson.OPT_INDENT_2) + b"\n")
            return
        differences = list(difference(essential(self.definition()), essential(plain)))
        if differences:
            more = len(differences) - SHOWN_DIFFERENCES
            shown = "; ".join(differences[:SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
            raise StudyError(
                f"the definition of the study in {str(self.path)!r} must stay as it was at its first start",
                shown,
                "Undo the change, or start a study of another name or in another folder.",
            )


def essential(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a study this study: not how many runs go at a time, nor what they may cost."""
    study = {key: value for key, value in definition["study"].items() if key not in UNESSENTIAL}
    if isinstance(study.get("space"), dict):
        study["space"] = {key: _as_written_once(dim) for key, dim in study["space"].items()}
    return {**definition, "study": study}


def _as_written_once(dim: Any) -> Any:
    """The dimension with null for an infinite choice: so it was written before infinity had a text."""
    if not isinstance(dim, dict) or not isinstance(dim.get("choices"), list):
        return dim
    return {**dim, "choices": [None if value in INFINITE else value for value in dim["choices"]]}
