"""The question before a sweep that may cost much, and the number that was accepted, kept in the study's folder."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from harness.config.launch import LaunchConfig
from harness.errors import ConfigError
from harness.runs.atomic import write_file
from harness.runs.manifest import now
from sweeps.budget.cost import Cost

NAME = "accepted_cost.json"


def to_ask(cost: Cost, launch: LaunchConfig, folder: Path) -> bool:
    """Whether a sweep of this cost asks first: above the threshold, and above what was accepted for this study."""
    return cost.gpu_hours > launch.ask_above_gpu_hours and cost.gpu_hours > accepted(folder)


def accept(cost: Cost, launch: LaunchConfig, folder: Path, yes: bool) -> bool:
    """Whether the sweep may go on; asks where it must, on a terminal.

    Raises:
        ConfigError: there is nobody to ask.
    """
    if not to_ask(cost, launch, folder):
        return True
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfigError(
                f"a sweep that may cost more than ask_above_gpu_hours={launch.ask_above_gpu_hours:g} must be agreed to",
                f"at most {cost.gpu_hours:,.6g} GPU-hours, and no terminal to ask on",
                f"Give --yes, or set ask_above_gpu_hours={cost.gpu_hours:.6g}; --dry-run shows all of it.",
            )
        print(f"{cost.text}\nGo on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("nothing was started", file=sys.stderr)
            return False
    folder.mkdir(parents=True, exist_ok=True)
    content = {"gpu_hours": cost.gpu_hours, "accepted": now(), "by": "--yes" if yes else "terminal"}
    write_file(folder / NAME, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    return True


def accepted(folder: Path) -> float:
    """GPU-hours that were agreed to for the study; 0 where none were, or the file cannot be read."""
    try:
        hours = orjson.loads((folder / NAME).read_bytes())["gpu_hours"]
    except (OSError, orjson.JSONDecodeError, LookupError, TypeError):
        return 0.0
    return float(hours) if isinstance(hours, (int, float)) else 0.0
