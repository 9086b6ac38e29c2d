"""`entrocraft data`: the mathematics data sets, what is prepared of them, and their preparation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.data import Dataset, Prepared

FOLDER = Path("data")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "prepare"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="data sets to prepare (`data list` shows them)")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="default: %(default)s")
    parser.add_argument(
        "--from",
        dest="sources",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="local files instead of the hub: a parquet, jsonl, json or csv file, or a folder of them (repeatable)",
    )
    parser.add_argument(
        "--tokenizer", type=Path, metavar="DIR", help="model folder; training problems above 700 of its tokens go"
    )
    parser.add_argument("--allow-count", action="store_true", help="accept another number of rows than expected")
    parser.add_argument("--force", action="store_true", help="prepare again what is prepared")


def call(given: argparse.Namespace) -> int:
    return _list(given) if given.action == "list" else _prepare(given)


def _list(given: argparse.Namespace) -> int:
    from harness.data import DATASETS

    if given.names:
        raise ConfigError("`data list` lists all data sets", " ".join(given.names), "Leave the names out.")
    rows = [("name", "for", "rows", "from", "prepared")]
    rows += [
        (each.name, _use(each), each.expected, each.repository, _state(each, given.folder))
        for each in DATASETS.values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
    return 0


def _use(dataset: Dataset) -> str:
    return "training" if dataset.use == "train" else "validation"


def _state(dataset: Dataset, folder: Path) -> str:
    """What is prepared, in the words of the table."""
    from harness.data.prepared import state
    from harness.errors import DataError

    try:
        there = state(folder, dataset.name)
    except DataError as error:
        return f"damaged: {error.value}"
    if there is None:
        return "-"
    return f"{there.rows:,} rows, {(there.manifest.revision or 'local files')[:12]}"


def _prepare(given: argparse.Namespace) -> int:
    from harness.data import DATASETS, find, prepare

    if not given.names:
        raise ConfigError("`data prepare` needs names", "none", f"Name some: {' '.join(DATASETS)}.")
    datasets = find(given.names)
    sources = _sources(given.sources, [each.name for each in datasets])
    for dataset in datasets:
        done, new = prepare(
            dataset,
            given.folder,
            local=sources.get(dataset.name, ()),
            tokenizer=given.tokenizer,
            force=given.force,
            allow_count=given.allow_count,
        )
        _report(done, new)
    return 0


def _sources(given: list[str], names: list[str]) -> dict[str, list[Path]]:
    """Paths by the name of the data set."""
    sources: dict[str, list[Path]] = {}
    for text in given:
        name, _, path = text.partition("=")
        if name not in names or not path:
            raise ConfigError(
                "--from must be NAME=PATH with a NAME that is prepared here",
                repr(text),
                f"Write --from {names[0]}=PATH.",
            )
        sources.setdefault(name, []).append(Path(path).expanduser())
    return sources


def _report(done: Prepared, new: bool) -> None:
    manifest = done.manifest
    dropped = ", ".join(f"{count:,} {cause}" for cause, count in manifest.dropped.items())
    print(
        f"{manifest.name}: {done.rows:,} of {manifest.source_rows:,} rows ({manifest.origin}; dropped: {dropped}) "
        f"{'in' if new else 'already in'} {done.path}"
    )
    if manifest.count_allowed:
        print(f"{manifest.name}: {manifest.expected} rows were expected", file=sys.stderr)
    if manifest.system_prompt is not None and manifest.tokenizer is None:
        told = "no length was limited (--tokenizer), so the rows are not the authors'"
        print(f"{manifest.name}: {told}", file=sys.stderr)


COMMAND = Command(
    help="list and prepare the mathematics data sets",
    description=(
        "List the data sets and what is prepared of them, or prepare some: fetch them from the Hugging Face hub\n"
        "(or take local files), check and count their rows, and write parquet in verl's schema with a manifest."
    ),
    examples=(
        "entrocraft data list",
        "entrocraft data prepare numina-100k math500 aime25 --tokenizer models/Qwen/Qwen3-4B-Base",
        "entrocraft data prepare amc23 --from amc23=downloads/amc23.parquet",
    ),
    arguments=arguments,
    call=call,
)
