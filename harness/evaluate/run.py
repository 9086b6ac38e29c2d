"""An evaluation in its folder: what is missing is drawn and graded, and the figures are computed from the samples."""

from __future__ import annotations

import platform
import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.evaluate import samples
from harness.evaluate.benchmarks import Benchmark
from harness.evaluate.generation import generated
from harness.evaluate.grading import grade, require
from harness.evaluate.job import Wanted
from harness.evaluate.model import served
from harness.evaluate.place import SCHEMA, Place, claim, clear
from harness.evaluate.result import summary
from harness.evaluate.settings import EvalSettings
from harness.evaluate.sources import Source, fingerprint
from harness.runs import RunLock
from harness.runs.atomic import write_file
from harness.runs.manifest import now
from harness.runs.provenance import collect

OnSample = Callable[[int, int], None]
"""(samples that are there, samples that there will be)."""


@dataclass(frozen=True)
class Outcome:
    place: Place
    results: dict[str, dict[str, Any]]
    """Benchmark -> its figures (`harness.evaluate.result`)."""
    drawn: int
    """Samples that were not there before; 0: the evaluation was complete."""


def evaluate(
    source: Source,
    benchmarks: Sequence[Benchmark],
    settings: EvalSettings,
    n: int,
    platform: str,
    place: Place,
    problems: int | None = None,
    force: bool = False,
    workers: int = 1,
    on_sample: OnSample | None = None,
) -> Outcome:
    """`n` samples of each question (the first `problems` of each benchmark), those that are there left as they are.

    Raises:
        DependencyError: no grader. EvaluationError: the folder has an evaluation of something else, or a worker
            failed.
        LockHeldError: another process evaluates into the same folder.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    with RunLock(place.folder):
        if force:
            clear(place)
        weights = fingerprint(source)
        claim(place, {"model": weights, "platform": platform, **settings.to_dict()}, benchmarks)
        have = {benchmark.name: samples.read(place.samples(benchmark.name)) for benchmark in benchmarks}
        asked = {benchmark.name: benchmark.questions[:problems] for benchmark in benchmarks}
        wanted = [
            (benchmark, question, sample)
            for benchmark in benchmarks
            for question in asked[benchmark.name]
            for sample in range(n)
            if (question.problem_id, sample) not in have[benchmark.name]
        ]
        versions = None
        if wanted:
            require((question for _, question, _ in wanted), settings.grader)
            model = served(source, weights, platform, place.model_cache)
            total = n * sum(map(len, asked.values()))
            versions = _draw(model, settings, platform, wanted, workers, place, have, total, on_sample)
        results = {
            name: summary(have[name], [question.problem_id for question in questions], n)
            for name, questions in asked.items()
        }
        _write(place, source, weights, settings, platform, results, versions)
    return Outcome(place, results, len(wanted))


def _draw(
    model: Path,
    settings: EvalSettings,
    platform: str,
    wanted: Wanted,
    workers: int,
    place: Place,
    have: dict[str, dict[tuple[str, int], dict[str, Any]]],
    total: int,
    on_sample: OnSample | None,
) -> dict[str, str]:
    """Draw, grade and keep the wanted samples, also in `have`; the versions of what drew them."""
    files = {name: samples.SampleFile(place.samples(name)) for name in have}
    versions: dict[str, str] = {}
    done = total - len(wanted)
    try:
        with closing(generated(model, settings, platform, wanted, workers, place.folder / "log.txt")) as lines:
            for line in lines:
                if "versions" in line:
                    versions = line["versions"]
                    continue
                benchmark, question, sample = wanted[line["request"]]
                row = {
                    "problem_id": question.problem_id,
                    "source": question.source,
                    "sample": sample,
                    "input": question.asked,
                    **{key: line[key] for key in ("output", "tokens", "finish")},
                    **asdict(grade(question, line["output"], settings.grader)),
                }
                files[benchmark.name].append(row)
                have[benchmark.name][question.problem_id, sample] = row
                done += 1
                if on_sample is not None:
                    on_sample(done, total)
    finally:
        for file in files.values():
            file.close()
    return versions


def _write(
    place: Place,
    source: Source,
    weights: str,
    settings: EvalSettings,
    platform_name: str,
    results: dict[str, dict[str, Any]],
    versions: dict[str, str] | None,
) -> None:
    """Replace eval.json; figures of benchmarks that were not asked for this time stay."""
    before = orjson.loads(place.result.read_bytes()) if place.result.is_file() else {}
    origin = collect()
    content = {
        "schema": SCHEMA,
        "model": {
            "kind": source.kind,
            "path": str(source.path),
            "hash": weights,
            "step": source.step,
            "run_id": None if source.run is None else source.run.manifest()["run_id"],
        },
        "settings": settings.to_dict(),
        "platform": platform_name,
        "benchmarks": {**before.get("benchmarks", {}), **results},
        "versions": versions or before.get("versions", {}),
        "git": {"commit": origin.git["commit"], "dirty": origin.git["dirty"]},
        "python": platform.python_version(),
        "host": socket.gethostname(),
        "written": now(),
    }
    write_file(place.result, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
