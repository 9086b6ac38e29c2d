"""A measurement in its folder: a file for each checkpoint, those that are there left as they are, and the run folder
that is made of all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from harness.errors import DataError, RunFolderError
from harness.evaluate.model import served
from harness.evaluate.sources import fingerprint
from harness.importing import measured_run
from harness.importing.responses import metrics_of
from harness.output_space.checkpoints import Checkpoint, config_of
from harness.output_space.one import measure
from harness.output_space.prompts import Prompts
from harness.output_space.settings import OsbSettings
from harness.runs import RunLock
from harness.runs.atomic import write_file
from harness.runs.checkpoints import step_name
from harness.runs.manifest import read_manifest

MEASURED = "measured"
OnResponse = Callable[[int, int], None]
"""(responses that are measured, responses that there will be)."""


@dataclass(frozen=True)
class Osb:
    """The run folder, how many checkpoints were measured now, the metrics of all by step, and what is odd of them."""

    folder: Path
    new: int
    records: dict[int, dict[str, float | None]] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)


def osb(
    checkpoints: Sequence[Checkpoint],
    prompts: Prompts,
    settings: OsbSettings,
    out: Path,
    *,
    method: str,
    seed: int,
    device: str = "cpu",
    threads: int = 1,
    tokens: bool = False,
    on_response: OnResponse | None = None,
) -> Osb:
    """Measures what is not there yet and writes the run folder `out`, also of checkpoints of earlier calls.

    Args:
        method, seed: of the training.
        tokens: keep the numbers of each token too.
    Raises:
        RunFolderError: `out` is something else. DataError: it has other prompts, settings or weights.
        DependencyError, EvaluationError: shards that cannot be merged.
    """
    _refuse_other(out, method, seed)
    (out / MEASURED).mkdir(parents=True, exist_ok=True)
    count = len(prompts.rows) * (1 if prompts.given else settings.samples)
    done, new = 0, 0

    def counted() -> None:
        nonlocal done
        done += 1
        if on_response is not None:
            on_response(done, count * len(checkpoints))

    with RunLock(out):
        for each in checkpoints:
            path = out / MEASURED / f"{step_name(each.step)}.json"
            facts = _facts(each, prompts, settings)
            if path.is_file() and not _missing_tokens(path, tokens):
                _refuse_mixed(orjson.loads(path.read_bytes()), facts, path)
                for _ in range(count):
                    counted()
                continue
            _measure(
                each, path, facts, prompts, settings, tokens, partial(measure, device=device, threads=threads), counted
            )
            new += 1
        files = sorted((out / MEASURED).glob("step_*.json"))
        for path in files:
            _refuse_mixed(orjson.loads(path.read_bytes()), {**facts, "label": None, "weights": None}, path)
        known = _known(checkpoints, prompts, settings)
        defects = measured_run(files, out, method=method, seed=seed, settings=known)
    lines = (out / "metrics.jsonl").read_bytes().splitlines()
    records = {record["step"]: record["data"] for record in map(orjson.loads, lines)}
    return Osb(out, new, records, defects)


def _measure(
    checkpoint: Checkpoint,
    path: Path,
    facts: dict[str, Any],
    prompts: Prompts,
    settings: OsbSettings,
    tokens: bool,
    measure: Callable[..., tuple[list[dict[str, Any]], list[dict[str, Any]]]],
    counted: Callable[[], None],
) -> None:
    cache = path.parent.parent / "model"
    try:
        # "gpu": a folder as it is; what vLLM needs on a CPU is of no use here
        model = served(checkpoint.source, facts["weights"], "gpu", cache)
        rows, of_tokens = measure(model, prompts, settings, on_response=counted)
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    if tokens:
        lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in of_tokens)
        write_file(_tokens(path), b"".join(lines))
    dataset = {"num_samples": len(rows), "num_valid": len(rows), **metrics_of(rows), "per_sample": rows}
    content = {**facts, "checkpoint": checkpoint.given, "datasets": {prompts.name: dataset}}
    write_file(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _facts(checkpoint: Checkpoint, prompts: Prompts, settings: OsbSettings) -> dict[str, Any]:
    return {
        "label": checkpoint.label,
        "weights": fingerprint(checkpoint.source),
        "settings": settings.to_dict(),
        "prompts": {"name": prompts.name, "sha256": prompts.digest},
    }


def _known(checkpoints: Sequence[Checkpoint], prompts: Prompts, settings: OsbSettings) -> dict[str, Any]:
    """Groups of the configuration: what was measured, and what the run tells of its training."""
    known: dict[str, Any] = {"osb": {"prompts": prompts.name, **settings.to_dict()}}
    config = config_of(checkpoints)
    if config is not None:
        known["model"] = {"path": config.model.path}
        known["trainer"] = {"prompts_per_step": config.trainer.prompts_per_step}
    return known


def _refuse_mixed(there: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    """None in `now`: not compared."""
    different = [key for key, value in now.items() if value is not None and there.get(key) != value]
    if different:
        key = different[0]
        raise DataError(
            "a run folder of measurements has one set of prompts, settings and weights",
            f"{key} of {str(path)!r}: there {there.get(key)!r}, now {now[key]!r}",
            "Give another --name, or remove the folder first.",
        )


def _refuse_other(out: Path, method: str, seed: int) -> None:
    if not (out / "manifest.json").is_file():
        if out.exists() and not (out / MEASURED).is_dir() and any(out.iterdir()):
            raise RunFolderError("a measurement goes into a folder of its own", repr(str(out)), "Give another --name.")
        return
    manifest: Any = read_manifest(out / "manifest.json")
    if manifest.get("imported") is None or not (out / MEASURED).is_dir():
        raise RunFolderError("a measurement goes into a folder of its own", repr(str(out)), "Give another --name.")
    there = (manifest["config"]["method"]["name"], manifest["seed"])
    if there != (method, seed):
        raise RunFolderError(
            "a run folder is of one training",
            f"{str(out)!r} of {there[0]}, seed {there[1]}; now {method}, seed {seed}",
            "Give another --name.",
        )


def _missing_tokens(path: Path, tokens: bool) -> bool:
    return tokens and not _tokens(path).is_file()


def _tokens(path: Path) -> Path:
    return path.with_suffix(".tokens.jsonl")
