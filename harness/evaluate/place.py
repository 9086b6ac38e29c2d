"""The folder of an evaluation: where it is, what its samples are of, and what of it may be removed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.errors import EvaluationError
from harness.evaluate.benchmarks import Benchmark
from harness.evaluate.settings import EvalSettings
from harness.evaluate.sources import Source
from harness.runs.atomic import write_file
from harness.runs.checkpoints import step_name

SCHEMA = 1


@dataclass(frozen=True)
class Place:
    """Where an evaluation is written, and where a model that had to be made for vLLM is kept."""

    folder: Path
    model_cache: Path

    @classmethod
    def of(cls, source: Source, settings: EvalSettings, out: Path | None) -> Place:
        """`out`, or RUN/eval/step_N/NAME. Raises EvaluationError: neither `out` nor a run."""
        if out is not None:
            return cls(out, out / "model")
        if source.run is None or source.step is None:
            raise EvaluationError(
                "an evaluation of what is no run needs a folder of its own",
                f"none for {str(source.path)!r}",
                "Give --out DIR.",
            )
        step = source.run.path / "eval" / step_name(source.step)
        return cls(step / settings.name, step / "model")

    @property
    def result(self) -> Path:
        return self.folder / "eval.json"

    @property
    def identity(self) -> Path:
        return self.folder / "settings.json"

    def samples(self, benchmark: str) -> Path:
        return self.folder / "samples" / f"{benchmark}.jsonl"


def claim(place: Place, identity: Mapping[str, Any], benchmarks: Sequence[Benchmark]) -> None:
    """Write down what the folder's samples are of; where there are some, refuse to add samples of something else.

    Raises:
        EvaluationError: they are of another model, of other settings, or of other problems.
    """
    digests = {benchmark.name: benchmark.digest for benchmark in benchmarks}
    asked = {"schema": SCHEMA, **identity, "benchmarks": digests}
    if place.identity.is_file() and any(path.stat().st_size for path in place.samples("").parent.glob("*.jsonl")):
        saved = orjson.loads(place.identity.read_bytes())
        differences = [
            f"{key}: there {saved.get(key)!r}, now {asked[key]!r}"
            for key in sorted(set(asked) - {"benchmarks"})
            if saved.get(key) != asked[key]
        ]
        differences += [
            f"problems of {name}: there {saved['benchmarks'][name]}, now {digest}"
            for name, digest in digests.items()
            if saved["benchmarks"].get(name, digest) != digest
        ]
        if differences:
            raise EvaluationError(
                f"the evaluation in {str(place.folder)!r} must go on with its model, settings and problems",
                "; ".join(differences),
                "Give another folder (--out DIR), or do it again from the start (--force).",
            )
        asked["benchmarks"] = {**saved["benchmarks"], **digests}
    write_file(place.identity, orjson.dumps(asked, option=orjson.OPT_INDENT_2) + b"\n")


def clear(place: Place) -> None:
    """Only what an evaluation writes: the folder may be anybody's."""
    shutil.rmtree(place.folder / "samples", ignore_errors=True)
    for path in (place.result, place.identity, place.folder / "log.txt"):
        path.unlink(missing_ok=True)
