"""Model folders for nodes without internet: fetched from the hub, and checked to be whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.data import hub
from harness.errors import DataError

PATTERNS = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template*",
)
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def prefetch(model: str, to: Path | None = None) -> Path:
    """The folder of a model, whole: a local one as it is, else downloaded (into `to`/OWNER/NAME, or hub's cache).

    Raises:
        DataError: not on the hub, no network, or not whole. DependencyError: no huggingface_hub.
    """
    local = Path(model).expanduser()
    if local.is_dir():
        folder = local
    elif model.startswith((".", "/", "~")):
        raise DataError("a model folder must exist", repr(model), "Give a folder, or OWNER/NAME of a model on the hub.")
    else:
        remedy = "Run this where there is internet (a login node), or give the folder of a copy."
        folder = hub.download(model, hub.MODEL, PATTERNS, remedy, to=None if to is None else to / model)
    return check_model(folder)


def check_model(folder: Path) -> Path:
    """The folder, absolute, when it has config, tokenizer and all weights, none of them cut short.

    Raises:
        DataError: something is missing or damaged; all that is missing is named.
    """
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    shards = _shards(folder)
    missing += [name for name in shards if not (folder / name).is_file()] or ([] if shards else [f"{WHOLE} or {INDEX}"])
    if missing:
        raise DataError(
            "a model folder must be whole", f"no {', '.join(missing)} in {str(folder)!r}", "Fetch the model again."
        )
    for name in NEEDED:
        _json(folder / name)
    for name in shards:
        _check_weights(folder / name)
    return folder.resolve()


def _shards(folder: Path) -> list[str]:
    """The names of the weight files; none where there is neither an index nor a single file."""
    if not (folder / INDEX).is_file():
        return [WHOLE] if (folder / WHOLE).is_file() else []
    index = _json(folder / INDEX)
    names = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(names, dict) or not names:
        raise DataError("the index of the weights must name them", f"no weight_map in {folder / INDEX}")
    return sorted({str(name) for name in names.values()})


def _check_weights(path: Path) -> None:
    """A safetensors file is 8 bytes with the length of a JSON header, the header, and the tensors it places."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= size else b""
    try:
        tensors = json.loads(header)
        end = max(each["data_offsets"][1] for name, each in tensors.items() if name != "__metadata__")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DataError("weights must be readable as safetensors", str(path), "Fetch the model again.") from error
    if size != (whole := 8 + length + end):
        raise DataError("weights must be whole", f"{size:,} of {whole:,} bytes in {path}", "Fetch the model again.")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError("a model's JSON must be readable", f"{path}: {error}", "Fetch the model again.") from error
