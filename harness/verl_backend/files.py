"""The parquet files of a run: where they are, and that they are there before verl starts."""

from __future__ import annotations

from pathlib import Path

from harness.config import RunConfig
from harness.config.math_data import MathDataConfig
from harness.data import prepared
from harness.data.manifest import parquet_path
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
        DataError: a file that is not prepared, or altered. ConfigError: one with too few rows.
        DependencyError: no pyarrow.
    """
    if isinstance(config.data, MathDataConfig):
        rows = prepared_files(config.data)
    else:
        write_countdown(config.data, verl_dir / "data", config.validation.problems)
        rows = config.data.test_problems
    return min(config.validation.problems or rows, rows)


def prepared_files(data: MathDataConfig) -> int:
    """Rows of the benchmarks' files together. Raises ConfigError and DataError as `ready`."""
    files = prepared(Path(data.folder), (data.name, *data.benchmarks))
    rows = files[data.name].rows
    if rows < data.train_problems:
        raise ConfigError(
            "data.train_problems must not exceed the rows of the prepared file",
            f"data.train_problems {data.train_problems}, {files[data.name].path} has {rows}",
            f"Set data.train_problems={rows} or less, or prepare {data.name} again.",
        )
    return sum(files[name].rows for name in data.benchmarks)


def _file(data: MathDataConfig, name: str) -> Path:
    return parquet_path(Path(data.folder), name)
