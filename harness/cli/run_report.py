"""What a run says while it goes on, and at its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harness.runs import RunFolder, last_record
from harness.runs.alarms import alarms

LINES = 20
"""Lines of progress over a run where the output is no terminal."""

SHOWN = {
    "actor/entropy": "H",
    "control/target": "target",
    "critic/score/mean": "reward",
    "control/kept": "kept",
}


class Reporter:
    """A progress bar on a terminal, some lines elsewhere; `on_step` takes each record."""

    def __init__(self, folder: RunFolder) -> None:
        self._steps = folder.manifest()["steps"]
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
        )
        done = last_record(folder.metrics_path)
        self._task = self._bar.add_task("step", total=self._steps, completed=done["step"] if done else 0, figures="")

    def __enter__(self) -> Reporter:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_step(self, step: int, data: Mapping[str, float]) -> None:
        text = figures(data)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=step, figures=text)
        elif step % max(1, self._steps // LINES) == 0 or step == self._steps:
            print(f"step {step}/{self._steps}  {text}", file=sys.stderr, flush=True)


def figures(data: Mapping[str, float | None]) -> str:
    """The step's main figures and its alarms in one line; entropies in nats per token."""
    parts = [f"{name} {data[key]:.3f}" for key, name in SHOWN.items() if data.get(key) is not None]
    parts += [f"{name} {value:.3f}" for name, value in _means(data)]
    return "  ".join([*parts, *alarms(data)])


def print_summary(folder: RunFolder, state: str) -> None:
    """Where the run is and what it reached: entropy (nats per token), tracking error, mean@n."""
    records = folder.metrics()
    manifest = folder.manifest()
    reached = records[-1]["step"] if records else 0
    print(f"run {manifest['run_id']} {state}: step {reached} of {manifest['steps']}, in {folder.path}")
    entropy = [record["data"]["actor/entropy"] for record in records if record["data"].get("actor/entropy") is not None]
    if entropy:
        print(f"  entropy  {entropy[0]:.3f} -> {entropy[-1]:.3f} nats per token")
    for record in (records[0], records[-1]) if records else ():
        for name, value in _means(record["data"]):
            print(f"  {name}  {value:.3f} at step {record['step']}")
    if manifest["state"] != "complete":
        print("  the same command goes on from the last checkpoint")


def _means(data: Mapping[str, float | None]) -> list[tuple[str, float]]:
    """mean@n of each source, which is named where there is more than one."""
    found = [
        (key.split("/"), value)
        for key, value in data.items()
        if key.startswith("val-core/") and "/mean@" in key and value is not None
    ]
    several = len(found) > 1
    return [(f"{parts[1]} {parts[-1]}" if several else parts[-1], value) for parts, value in found]
