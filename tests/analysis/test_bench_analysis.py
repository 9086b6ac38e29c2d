"""The short form of `make bench-analysis`: the readers agree on synthetic dumps, and nothing is left behind."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks/analysis_reading.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_readers_agree(tmp_path: Path) -> None:
    readers = ["ours", "pandas", *(["polars"] if find_spec("polars") else [])]
    done = bench("--size", "0.04", "--runs", "0", "--folder", str(tmp_path), "--readers", *readers)
    assert done.returncode == 0, done.stderr
    assert all(f"\n| {reader} |" in done.stdout for reader in readers)
    assert "second load, unchanged, over the first" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_it_refuses_a_disk_without_room(tmp_path: Path) -> None:
    done = bench("--size", "1e9", "--runs", "0", "--folder", str(tmp_path))
    assert done.returncode == 2 and "has less free" in done.stdout
    assert list(tmp_path.iterdir()) == []
