"""Preparing a data set: its source, checked and counted, as parquet in verl's schema with a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.data import hub
from harness.data.datasets import TRAIN, Dataset
from harness.data.digest import file_digest
from harness.data.lengths import ProblemLengths
from harness.data.manifest import DataManifest, manifest_path, parquet_path
from harness.data.parquet import write_rows
from harness.data.prepared import Prepared, state
from harness.data.problems import MathProblem, select
from harness.data.read import SUFFIXES, read, source_files
from harness.data.rows import INSTRUCTION, SYSTEM_PROMPT, Row, verl_row
from harness.errors import DataError


@dataclass(frozen=True)
class Source:
    """The files of a data set. `repository` and `revision` are None where they are local."""

    files: tuple[Path, ...]
    repository: str | None = None
    revision: str | None = None

    @property
    def digests(self) -> dict[str, str]:
        """File name -> SHA-256."""
        return {path.name: file_digest(path) for path in self.files}


def prepare(
    dataset: Dataset,
    folder: Path,
    *,
    local: Sequence[Path] = (),
    tokenizer: Path | None = None,
    force: bool = False,
    allow_count: bool = False,
) -> tuple[Prepared, bool]:
    """Write the data set into `folder`, from the hub or from local files; what was prepared, and whether it is new.

    What is there already stays, unless `force`. A killed call leaves nothing that counts as prepared.

    Raises:
        DataError: no source, a source that is not this data set's, a wrong number of rows (unless `allow_count`), or
            prepared files that were altered (unless `force`).
        DependencyError: no pyarrow, or no huggingface_hub.
    """
    lengths = ProblemLengths(tokenizer) if tokenizer is not None and dataset.max_tokens is not None else None
    source = _local(dataset, local) if local else None
    if not force and (there := state(folder, dataset.name)) is not None:
        _check_same(there.manifest, source, lengths)
        return there, False
    source = source or _from_hub(dataset)
    rows = [row for path in source.files for row in read(path, dataset.columns)]
    problems, dropped = select(dataset, rows, lengths)
    low, high = dataset.rows
    as_expected = low <= len(problems) <= high
    if not as_expected and not allow_count:
        lost = ", ".join(f"{count:,} {cause}" for cause, count in dropped.items())
        raise DataError(
            f"{dataset.name} must have {dataset.expected} rows",
            f"{len(problems):,} of {len(rows):,} in {', '.join(path.name for path in source.files)} (dropped: {lost})",
            "Give the data set's own files, or accept this number: --allow-count.",
        )
    # Without a manifest nothing counts as prepared: gone first, written last.
    manifest_path(folder, dataset.name).unlink(missing_ok=True)
    path = parquet_path(folder, dataset.name)
    written = write_rows(_rows(dataset, problems), path)
    manifest = DataManifest(
        name=dataset.name,
        repository=source.repository,
        revision=source.revision,
        source_sha256=source.digests,
        source_rows=len(rows),
        rows=written,
        expected=dataset.expected,
        count_allowed=not as_expected,
        dropped=dropped,
        parquet_sha256=file_digest(path),
        tokenizer=None if lengths is None else str(tokenizer),
        tokenizer_sha256=None if lengths is None else lengths.sha256,
        max_tokens=None if lengths is None else dataset.max_tokens,
        system_prompt=_system(dataset),
        instruction=INSTRUCTION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.write(folder)
    return Prepared(path, written, manifest), True


def _local(dataset: Dataset, paths: Sequence[Path]) -> Source:
    files = tuple(file for path in paths for file in source_files(path, dataset.split))
    if len({file.name for file in files}) < len(files):
        raise DataError(
            "the files of a source must have different names", ", ".join(map(str, files)), "Give each of them once."
        )
    return Source(files)


def _check_same(there: DataManifest, source: Source | None, lengths: ProblemLengths | None) -> None:
    """What was asked for, and what is not the same in the prepared data, is not passed over in silence."""
    other = []
    if source is not None and source.digests != there.source_sha256:
        other.append("other source files")
    if lengths is not None and lengths.sha256 != there.tokenizer_sha256:
        other.append("another tokenizer" if there.tokenizer_sha256 else "no tokenizer")
    if other:
        raise DataError(
            "prepared data is not replaced unasked",
            f"{there.name}, prepared with {' and '.join(other)}",
            "Prepare it again: --force.",
        )


def _from_hub(dataset: Dataset) -> Source:
    patterns = [f"{place}{dataset.split}*{suffix}" for place in ("", "*/") for suffix in SUFFIXES]
    remedy = f"Run this where there is internet (a login node), or give the files: --from {dataset.name}=PATH."
    folder = hub.download(dataset.repository, hub.DATASET, patterns, remedy)
    try:
        files = source_files(folder, dataset.split)
    except DataError as error:
        raise DataError(
            f"{dataset.repository} must have files named {dataset.split}*",
            f"none of {', '.join(SUFFIXES)}",
            f"Look at its page, and give the files: --from {dataset.name}=PATH.",
        ) from error
    return Source(files, dataset.repository, folder.name)


def _rows(dataset: Dataset, problems: Sequence[MathProblem]) -> Iterator[Row]:
    for problem in problems:
        yield verl_row(
            dataset.source,
            f"{problem.text} {INSTRUCTION}",
            problem.answer,
            ability="math",
            split=dataset.use,
            problem_id=problem.problem_id,
            system=_system(dataset),
        )


def _system(dataset: Dataset) -> str | None:
    return SYSTEM_PROMPT if dataset.use == TRAIN else None
