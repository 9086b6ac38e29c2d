"""Small sources in the forms that the data sets have, and a tokenizer that counts words."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, models, pre_tokenizers

from harness.data import DATASETS

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OWN_IDS = {"math500": "test/algebra/{}.json", "aime25": "{}", "aime26": "{}"}


def rows_of(name: str, count: int) -> list[dict[str, Any]]:
    """Rows with the columns of a data set, and one that it does not need."""
    dataset = DATASETS[name]
    rows = [{"problem": f"What is ${i}+1$?", "answer": str(i + 1), "url": "x"} for i in range(count)]
    if dataset.id_column:
        for i, row in enumerate(rows):
            row[dataset.id_column] = i + 1 if name == "aime25" else OWN_IDS[name].format(i + 1)
    return rows


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def word_tokenizer(folder: Path, unknown: str = "?") -> Path:
    """A model folder whose tokenizer has a token a word."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel({unknown: 0}, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.enable_truncation(5)  # a tokenizer's own truncation must not hide a long problem
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
