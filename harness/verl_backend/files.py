"""The parquet files of a run: where they are, and that they are there before verl starts."""

from __future__ import annotations

from pathlib import Path

import orjson

from harness.config import RunConfig
from harness.config.math_data import MathDataConfig
from harness.errors import ConfigError
from harness.verl_backend.countdown_data import write_countdown

SPLITS = ("train", "test")


def data_paths(config: RunConfig, verl_dir: Path) -> dict[str, list[Path]]:
    """Files by split: `train` one, `test` one for each benchmark. They need not be there yet."""
    data = config.data
    if not isinstance(data, MathDataConfig):
        return {split: [verl_dir / "data" / f"{split}.parquet"] for split in SPLITS}
    return {"train": [_file(data, data.name)], "test": [_file(data, name) for name in data.benchmarks]}


def ready(config: RunConfig, verl_dir: Path) -> int:
    """See to it that the files of `data_paths` are there: the embedded problem is written, others must be prepared.

    Returns the problems of a validation.

    Raises:
        ConfigError: a file that is not prepared, or has too few rows. DependencyError: no pyarrow.
    """
    if isinstance(config.data, MathDataConfig):
        rows = prepared_files(config.data)
    else:
        write_countdown(config.data, verl_dir / "data")
        rows = config.data.test_problems
    return min(config.validation.problems or rows, rows)


def prepared_files(data: MathDataConfig) -> int:
    """Rows of the benchmarks' files together, by their manifests. Raises ConfigError as `ready`."""
    rows = {name: _rows(data, name) for name in (data.name, *data.benchmarks)}
    if rows[data.name] < data.train_problems:
        raise ConfigError(
            "data.train_problems must not exceed the rows of the prepared file",
            f"data.train_problems {data.train_problems}, {_file(data, data.name)} has {rows[data.name]}",
            f"Set data.train_problems={rows[data.name]} or less, or prepare {data.name} again.",
        )
    return sum(rows[name] for name in data.benchmarks)


def _rows(data: MathDataConfig, name: str) -> int:
    path = _file(data, name)
    try:
        manifest = orjson.loads(path.with_suffix(".manifest.json").read_bytes())
        rows = int(manifest["rows"])
        there = path.is_file()
    except (OSError, ValueError, KeyError, TypeError):
        there = False
    if not there:
        raise ConfigError(
            "backend=verl reads mathematics from prepared files, each with its manifest",
            f"no readable {path} with {path.with_suffix('.manifest.json').name}",
            f"Run `entrocraft data prepare {name}` where the hub can be reached, or set data.folder.",
        )
    return rows


def _file(data: MathDataConfig, name: str) -> Path:
    return Path(data.folder) / f"{name}.parquet"
