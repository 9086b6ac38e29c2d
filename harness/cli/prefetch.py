"""`entrocraft prefetch`: models fetched where there is internet, for nodes where there is none."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL", help="OWNER/NAME on the hub, or a local folder to check")
    parser.add_argument("--to", type=Path, metavar="DIR", help="download to DIR/OWNER/NAME (default: the hub's cache)")


def call(given: argparse.Namespace) -> int:
    from harness.data import prefetch

    for model in given.models:
        print(f"{model}: complete, model.path={prefetch(model, given.to)}", flush=True)
    return 0


COMMAND = Command(
    help="download models for nodes without internet, and check them",
    description=(
        "Download models from the Hugging Face hub (configuration, tokenizer, safetensors; nothing else) and\n"
        "check that config, tokenizer and all weights are there and whole. A local folder is only checked."
    ),
    examples=(
        "entrocraft prefetch Qwen/Qwen3-4B-Base --to models",
        "entrocraft prefetch models/Qwen/Qwen3-4B-Base",
    ),
    arguments=arguments,
    call=call,
)
