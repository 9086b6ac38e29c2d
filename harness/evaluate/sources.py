"""What is evaluated: a run at a step, a sharded checkpoint of verl, or a Hugging Face folder."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.assets import SHIPPED, model_folder
from harness.config import RunConfig
from harness.errors import ConfigError, RunFolderError
from harness.runs import RunFolder
from harness.runs.imported import require_made_here
from harness.verl_backend.checkpoints import newest_checkpoint

SHARDED = "fsdp_config.json"
"""verl writes it beside the shards of a model."""
STEP_FOLDER = re.compile(r"global_step_(\d+)")
BESIDE_WEIGHTS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


class Kind(StrEnum):
    FOLDER = "hugging face folder"
    SHARDS = "sharded fsdp checkpoint"


@dataclass(frozen=True)
class Source:
    """Weights on the disk. `path` is the Hugging Face folder, or verl's `global_step_N/actor`."""

    kind: Kind
    path: Path
    run: RunFolder | None = None
    config: RunConfig | None = None
    """Of the run."""
    step: int | None = None
    """0: the model before training."""


def find(what: str, step: int | None = None) -> Source:
    """The source that a path (or the name of a shipped model) means; of a run the newest checkpoint, or `step`.

    Raises:
        ConfigError: no model there, or a step for what has none. RunFolderError: the run has no such checkpoint, or was
            imported.
    """
    path = Path(what).expanduser()
    run = RunFolder(path)
    if run.exists():
        require_made_here(run, "to be evaluated", "Give its checkpoint: global_step_N, or a Hugging Face folder.")
        return _of_run(run, step)
    if step is not None:
        raise ConfigError("--step must choose a checkpoint of a run folder", what, "Leave it out, or give the run.")
    if what not in SHIPPED:
        for folder in (path, path / "actor"):
            if (folder / SHARDED).is_file():
                return _sharded(folder)
        if not (path / "config.json").is_file():
            raise ConfigError(
                "what is evaluated must be a run, a checkpoint `global_step_N` of verl or a Hugging Face folder",
                f"{what!r}, " + ("which is none of them" if path.exists() else "which does not exist"),
                f"Give the folder with manifest.json, {SHARDED} or config.json, or a shipped model: "
                f"{', '.join(SHIPPED)}.",
            )
    return Source(Kind.FOLDER, model_folder(what).resolve())


def fingerprint(source: Source) -> str:
    """`sha256:` of the weights and of what else decides an answer: configuration, tokenizer and chat template.

    Reads all of it: some 10 s for 8 GB.

    Raises:
        ConfigError: there are no weights.
    """
    if source.kind is Kind.SHARDS:
        weights, beside = sorted(source.path.glob("model_world_size_*.pt")), source.path / "huggingface"
    else:
        weights, beside = sorted([*source.path.glob("*.safetensors"), *source.path.glob("*.bin")]), source.path
    if not weights:
        raise ConfigError(
            "a model needs its weights", f"no weights in {str(source.path)!r}", "Choose another checkpoint."
        )
    whole = hashlib.sha256()
    for file in [*weights, *(beside / name for name in BESIDE_WEIGHTS)]:
        if file.is_file():
            with file.open("rb") as content:
                whole.update(f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def steps_of(run: RunFolder) -> list[int]:
    """The steps whose checkpoints `find` gives, ascending; 0, the model before training, is always one."""
    return sorted({0, *_saved(run, RunConfig.from_dict(run.manifest()["config"]))})


def _saved(run: RunFolder, config: RunConfig) -> dict[int, Source]:
    found: dict[int, Source] = {}
    if config.backend == "verl":
        newest = newest_checkpoint(run.path / "verl" / "checkpoints")
        for folder in (run.path / "verl" / "checkpoints").glob("global_step_*"):
            name = STEP_FOLDER.fullmatch(folder.name)
            # verl prunes `actor` and leaves the rest; what is behind the step that it names newest is not finished.
            if name and int(name[1]) <= newest and (folder / "actor" / SHARDED).is_file():
                found[int(name[1])] = _sharded(folder / "actor")
    else:
        for saved in run.checkpoint_steps():
            found[saved] = Source(Kind.FOLDER, run.checkpoint_dir(saved).resolve())
    return found


def _of_run(run: RunFolder, step: int | None) -> Source:
    config = RunConfig.from_dict(run.manifest()["config"])
    found = _saved(run, config)
    if step == 0:
        return Source(Kind.FOLDER, model_folder(config.model.path).resolve(), run, config, 0)
    listed = ", ".join(map(str, sorted([0, *found])))
    if step is None and not found:
        raise RunFolderError(
            "a run must have a checkpoint to be evaluated",
            f"none in {str(run.path)!r}",
            "Let it train, or evaluate the model before training: --step 0.",
        )
    chosen = max(found) if step is None else step
    if chosen not in found:
        raise RunFolderError(
            f"step {chosen} of {str(run.path)!r} must have a checkpoint",
            f"checkpoints of the steps {listed}",
            "Give one of these (0: before training); checkpoint.keep decides how many a run keeps.",
        )
    return Source(found[chosen].kind, found[chosen].path, run, config, chosen)


def _sharded(actor: Path) -> Source:
    """verl may be told to save whole weights beside the shards; those need no merging."""
    whole = actor / "huggingface"
    if any(whole.glob("*.safetensors")):
        return Source(Kind.FOLDER, whole.resolve())
    return Source(Kind.SHARDS, actor.resolve())
