"""The second half of `make bench-analysis`: load a large synthetic study and draw all its figures, stage by stage."""

from __future__ import annotations

import cProfile
import io
import json
import os
import pstats
import resource
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from analysis import compare, load_runs, write_sidecar
from paper_figures import style
from paper_figures.make import planned, save
from tests.analysis.synthetic import SOURCE, SyntheticRun, linear, manifest, record

PROBLEMS, N, VALIDATED = 30, 32, 20
SEEDS = 10
METRICS = 60
"""Numbers in a record, about as many as the backends log."""


def figures(work: Path, count: int, steps: int) -> None:
    """Prints the seconds of each stage, and what the slowest functions are."""
    study = work / "study"
    for index in range(count):
        _write(study / f"t{index // SEEDS:04d}-s{index % SEEDS + 1}", index, steps)
    size = sum(path.stat().st_size for path in study.rglob("*.jsonl")) / 1e6
    print(f"\n{count} runs of {steps} steps, validated every {VALIDATED}, {PROBLEMS} problems x {N}: {size:.0f} MB")
    times: dict[str, float] = defaultdict(float)
    profile = cProfile.Profile()
    clock = _Clock(times)
    load_runs(study)
    clock.lap("load_runs, first")
    runs = load_runs(study)
    clock.lap("load_runs, again")
    print(f"peak memory after load_runs: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    print(f"samples: {sum(table.num_rows for table in runs.tables.values()):,}")
    clock.begin()
    _ = runs.counts
    clock.lap("counts of samples")
    profile.enable()
    out = work / "figures"
    out.mkdir()
    figures_planned = planned(runs)
    drawn = 0
    while (figure := next(figures_planned, None)) is not None:
        clock.lap("frames and intervals")
        with style.active():
            picture = figure.draw()
            clock.lap("drawing")
            save(picture, out / figure.name)
            clock.lap("PNG and PDF")
        figure.frame.to_csv(out / f"{figure.name}.csv", index=False)
        write_sidecar(out / f"{figure.name}.png", runs)
        clock.lap("CSV and sidecar")
        drawn += 1
    clock.lap("frames and intervals")
    compare(runs)
    clock.lap("compare")
    profile.disable()
    print(f"figures: {drawn}; peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB\n")
    print("| stage | seconds | share |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.2f} | {100 * seconds / sum(times.values()):.0f} % |")
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(12)
    print(text.getvalue().replace(os.sep.join(Path(__file__).parts[:-2])[1:], ""))


class _Clock:
    def __init__(self, times: dict[str, float]) -> None:
        self._times, self._last = times, time.perf_counter()

    def begin(self) -> None:
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._times[stage] += now - self._last
        self._last = now


def _write(folder: Path, index: int, steps: int) -> None:
    """A run folder; runs of one trial differ in their seed."""
    trial, seed = divmod(index, SEEDS)
    rng = np.random.default_rng([trial, seed])
    schedule = linear(0.5, 0.2) if trial else None
    method = {"name": "entrocraft", "gamma": float(trial), "base": "grpo"} if trial else {"name": "grpo"}
    run = SyntheticRun(method, seed + 1, rng.uniform(0.2, 0.6, steps).tolist(), schedule)
    (folder / "samples").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest(folder, run)))
    others = {f"perf/{name}": 1.234567 for name in range(METRICS)}
    band = {"control/low": 0.2, "control/high": 0.4} if trial else {}
    lines = [
        record(step + 1, {"actor/entropy": h, "control/entropy": h, "critic/score/mean": 0.1, **band, **others})
        for step, h in enumerate(run.entropy)
    ]
    (folder / "metrics.jsonl").write_text("".join(lines))
    for step in range(0, steps + 1, VALIDATED):
        path = folder / "samples" / f"step_{step:06d}.jsonl"
        right = rng.random((PROBLEMS, N)) < 0.3 + 0.01 * trial
        path.write_text("".join(_line(step, i, j, right[i, j]) for i in range(PROBLEMS) for j in range(N)))
        os.utime(path, (1.6e9, 1.6e9))


def _line(step: int, problem: int, sample: int, right: bool) -> str:
    verdict, score = ("true", 1.0) if right else ("false", -1.0)
    return (
        f'{{"step":{step},"problem_id":"{SOURCE}/test/{problem:05d}","source":"{SOURCE}","sample":{sample},'
        f'"correct":{verdict},"score":{score},"prediction":"35","input":"1 2 3=4:","output":"1+2+3"}}\n'
    )
