"""How fast validation dumps become columns, and how long the figures of a large study take.

    make bench-analysis                      # 2 GB of dumps, 100 runs of 444 steps
    make bench-analysis BENCH_ARGS="--size 0.2 --runs 10 --steps 40"

Dumps: synthetic, in verl's format, rows of several kB; the readers take turns on one part of the files after another,
each in a fresh process and without a cache, and must agree on the number of rows and of correct ones. Times do not
include imports.
Figures: the time of each stage. What was written is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PARTS = 2
SAMPLES = 32
PROBLEMS_EACH = 60
SPARE = 1.3
"""Free disk that is asked for, over what is written."""
WORDS = [
    "let",
    "us",
    "compute",
    "the",
    "sum",
    "of",
    "all",
    "integers",
    "such",
    "that",
    "we",
    "obtain",
    "hence",
    "modulo",
]
FRAGMENTS = [
    r"\frac{a}{b}",
    "$x^2 + y^2 = z^2$",
    "\n\n",
    r"\boxed{42}",
    ' "quoted" ',
    "\u2264",
    "\u00e9",
    '{"acc": 1.0}',
]
READERS = ("ours", "polars", "pandas")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=2.0, metavar="GB", help="of dumps; 0 leaves them out")
    parser.add_argument("--rounds", type=int, default=3, help="how often each reader reads each part")
    parser.add_argument("--runs", type=int, default=100, help="of the study whose figures are drawn; 0 leaves it out")
    parser.add_argument("--steps", type=int, default=444)
    parser.add_argument("--folder", type=Path, help="where to write (default: the folder of temporary files)")
    parser.add_argument("--readers", nargs="+", choices=READERS, default=READERS)
    parser.add_argument("--read", nargs=2, metavar=("READER", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        print(json.dumps(measured(*given.read)))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-analysis-", dir=given.folder) as folder:
        work = Path(folder)
        os.environ["ENTROCRAFT_CACHE"] = str(work / "cache")
        rows = given.runs * (given.steps // 20 + 1) * 30 * SAMPLES
        wanted = SPARE * (given.size * 1e9 + rows * 300 + given.runs * given.steps * 3000)
        if shutil.disk_usage(work).free < wanted:
            print(f"bench-analysis writes up to {wanted / 1e9:.1f} GB; {work} has less free. Give --folder or --size.")
            return 2
        if given.size:
            reading(work / "dumps", int(given.size * 1e9), given.readers, given.rounds)
        if given.runs:
            from benchmarks.analysis_figures import figures  # imports pandas and matplotlib

            figures(work, given.runs, given.steps)
    return 0


def reading(folder: Path, size: int, readers: list[str], rounds: int) -> None:
    """Prints MB/s, ratios and peak memory of each reader."""
    total = write_dumps(folder, size)
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"\n{total / 1e9:.2f} GB of dumps in {PARTS} parts, {rounds} rounds, {machine}")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in readers}
    for turn, part in enumerate(sorted(folder.iterdir()) * rounds):
        megabytes = sum(file.stat().st_size for file in part.iterdir()) / 1e6
        order = [*readers[turn % len(readers) :], *readers[: turn % len(readers)]]
        for name in order:
            result = in_fresh_process(name, part)
            found[name].append(
                {**result, "rate": megabytes / result["wall_s"], "cpu_rate": megabytes / result["cpu_s"]}
            )
        answers = {(found[name][-1]["rows"], found[name][-1]["correct"]) for name in readers}
        if len(answers) != 1:
            raise SystemExit(f"the readers disagree on {part}: {answers}")
    print("\n| reader | MB/s, median (min, max) | MB a CPU second | time, ours = 1 | CPU, ours = 1 | peak memory, MB |")
    print("|---|---|---|---|---|---|")
    for name in readers:
        rates = [part["rate"] for part in found[name]]
        print(
            f"| {name} | {statistics.median(rates):.0f} ({min(rates):.0f}, {max(rates):.0f}) "
            f"| {statistics.median(part['cpu_rate'] for part in found[name]):.0f} "
            f"| {ratio(found, name, 'wall_s')} | {ratio(found, name, 'cpu_s')} "
            f"| {max(part['peak_mb'] for part in found[name]):.0f} |"
        )
    again = [part["again_s"] / part["wall_s"] for part in found["ours"]] if "ours" in found else []
    if again:
        print(
            f"\nsecond load, unchanged, over the first: median {statistics.median(again):.4f}, worst {max(again):.4f}"
        )


def ratio(found: dict[str, list[dict[str, float]]], name: str, key: str) -> str:
    """Time of `name` over ours, turn by turn: median (min, max)."""
    pairs = [theirs[key] / ours[key] for theirs, ours in zip(found[name], found["ours"], strict=True)]
    return f"{statistics.median(pairs):.2f} ({min(pairs):.2f}, {max(pairs):.2f})"


def in_fresh_process(name: str, part: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=part.parent.parent) as cache:
        command = [sys.executable, __file__, "--read", name, str(part)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ENTROCRAFT_CACHE": cache})
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def measured(name: str, folder: str) -> dict[str, float]:
    """rows, correct; wall_s, cpu_s (with child processes); peak_mb (this process, and each child at its worst)."""
    read = {"ours": ours, "polars": polars, "pandas": pandas}[name]
    wall, cpu = time.perf_counter(), cpu_s()
    call = read(Path(folder))
    next(call)  # imports
    wall, cpu = time.perf_counter(), cpu_s()
    answer = next(call)
    result = {**answer, "wall_s": time.perf_counter() - wall, "cpu_s": cpu_s() - cpu}
    if name == "ours":
        again = time.perf_counter()
        if next(call) != answer:
            raise SystemExit("the second load differs from the first")
        result["again_s"] = time.perf_counter() - again
    mine, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {**result, "peak_mb": (mine + child * len(os.sched_getaffinity(0))) / 1000}


def cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


Reader = Iterator[dict[str, float]]


def ours(folder: Path) -> Reader:
    import pyarrow.compute as pc

    import analysis  # noqa: F401  # what a user has loaded, pandas among it
    from harness.dumps.cache import default_cache
    from harness.dumps.reading import dump_files, read_all

    yield {}
    while True:
        table = read_all({"run": dump_files(folder)}, default_cache())["run"].table
        yield {"rows": table.num_rows, "correct": pc.sum(table["correct"]).as_py()}


def polars(folder: Path) -> Reader:
    import polars as pl

    text, number = pl.String, pl.Float64
    schema = {"problem_id": text, "source": text, "step": pl.Int64, "acc": number, "score": number, "pred": text}
    yield {}
    frame = pl.scan_ndjson(sorted(folder.iterdir()), schema=schema).collect()
    yield {"rows": frame.height, "correct": frame["acc"].sum()}


def pandas(folder: Path) -> Reader:
    import pandas as pd

    fields = ["problem_id", "source", "step", "acc", "score", "pred"]
    yield {}
    parts = [
        chunk[fields]
        for path in sorted(folder.iterdir())
        for chunk in pd.read_json(path, lines=True, chunksize=5_000)  # whole, it would need many times the file
    ]
    frame = pd.concat(parts, ignore_index=True)
    yield {"rows": len(frame), "correct": float(frame["acc"].sum())}


def write_dumps(folder: Path, size: int) -> int:
    """PARTS folders of `<step>.jsonl`, about `size` bytes in all; the bytes written."""
    draw = random.Random(0)
    texts = [json.dumps(text(draw, draw.randint(1500, 8000)), ensure_ascii=False) for _ in range(500)]
    prompts = [json.dumps(text(draw, 600), ensure_ascii=False) for _ in range(PROBLEMS_EACH)]
    written, step = 0, 0
    while written < size:
        path = folder / f"part{step // 5 % PARTS}" / f"{step}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            for problem in range(PROBLEMS_EACH * 4):
                for sample in range(SAMPLES):
                    written += file.write(row(draw, step, problem, sample, prompts[problem % PROBLEMS_EACH], texts))
        os.utime(path, (1.6e9, 1.6e9))  # old, so that the second load may trust it
        step += 5
    return sum(path.stat().st_size for path in folder.rglob("*.jsonl"))


def row(draw: random.Random, step: int, problem: int, sample: int, prompt: str, texts: list[str]) -> str:
    right = draw.random() < 0.4
    score = 1.0 if right else -1.0
    return (
        f'{{"input": {prompt}, "output": {draw.choice(texts)}, "gts": "42", "score": {score}, "step": {step}, '
        f'"reward": {score}, "acc": {float(right)}, "pred": "{draw.randint(0, 99)}", '
        f'"problem_id": "math500/test/{problem:05d}", "source": "math500", "uid": "{problem}_{sample}_0"}}\n'
    )


def text(draw: random.Random, characters: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) < characters:
        choose: Callable[[list[str]], str] = draw.choice
        words += [choose(FRAGMENTS) if draw.random() < 0.12 else choose(WORDS) for _ in range(50)]
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
