"""What is known of a prepared file: `<folder>/<name>.manifest.json` beside `<folder>/<name>.parquet`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from harness.errors import DataError
from harness.runs.atomic import write_file

SCHEMA = 1


@dataclass(frozen=True)
class DataManifest:
    """Where the rows come from and what was done to them.

    `repository` and `revision` (a commit) are None for local files. `source_sha256`: file name -> SHA-256.
    `source_rows`: rows of the source. `dropped`: cause -> rows. `tokenizer_sha256`: of the tokenizer.json that lengths
    were counted with, None where none was limited. `count_allowed`: not as many rows as expected, and accepted.
    """

    name: str
    repository: str | None
    revision: str | None
    source_sha256: dict[str, str]
    source_rows: int
    rows: int
    expected: str
    count_allowed: bool
    dropped: dict[str, int]
    parquet_sha256: str
    tokenizer: str | None
    tokenizer_sha256: str | None
    max_tokens: int | None
    system_prompt: str | None
    instruction: str
    created: str
    schema: int = SCHEMA

    @property
    def origin(self) -> str:
        """The source in a few words."""
        return f"{self.repository} at {self.revision}" if self.repository else ", ".join(self.source_sha256)

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_file(manifest_path(folder, self.name), f"{text}\n".encode())

    @classmethod
    def read(cls, folder: Path, name: str) -> DataManifest:
        """Raises FileNotFoundError where there is none, DataError for one that this version cannot read."""
        path = manifest_path(folder, name)
        try:
            values = json.loads(path.read_text())
            if not isinstance(values, dict) or values.get("schema") != SCHEMA:
                raise ValueError(f"no manifest of schema {SCHEMA}")
            return cls(**{field.name: values[field.name] for field in fields(cls)})
        except (ValueError, KeyError) as error:
            raise DataError(
                "a manifest of prepared data must be readable",
                f"{path}: {error}",
                f"Prepare it again: entrocraft data prepare {name} --folder {folder} --force.",
            ) from error


def manifest_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.manifest.json"


def parquet_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"
