"""`entrocraft sweep --dry-run`: what a sweep would do, submit and cost. Nothing is written, and nothing submitted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.cli.accepting import to_ask
from harness.cli.submitting import driver_text
from harness.config.compose import plain_yaml
from harness.config.difference import difference
from harness.config.launch import LaunchConfig
from harness.config.study import StudyConfig
from slurm.launcher import SlurmLauncher, job_name
from slurm.text import render
from sweeps.budget.cost import Cost
from sweeps.plan import corner, points, resolve, run_overrides
from sweeps.snapshot import planned

DIGITS = 8
GIGABYTE = 10**9


def print_jobs(
    study: StudyConfig, launch: LaunchConfig, folder: Path, cost: Cost, configs: Sequence[Mapping[str, Any]], full: bool
) -> None:
    """The cost, the configuration of each trial, and the text of each job; only differences after the first.

    Args:
        configs: of the points that are known in advance, in their order.
        full: every configuration and every text whole.
    """
    print()
    for line in cost_lines(launch, folder, cost):
        print(line)
    for line in [*_configurations(study, configs, full), *_texts(study, launch, folder, configs, full)]:
        print(line)


def cost_lines(launch: LaunchConfig, folder: Path, cost: Cost) -> Iterator[str]:
    """The cost, what of it there is room for, and whether the sweep would ask."""
    yield cost.text
    above = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    yield f"free on the disk of the study: {shutil.disk_usage(above).free / GIGABYTE:,.4g} GB"
    if to_ask(cost, launch, folder):
        yield f"the sweep would ask first: more than ask_above_gpu_hours={launch.ask_above_gpu_hours:g}"


def _configurations(study: StudyConfig, configs: Sequence[Mapping[str, Any]], full: bool) -> Iterator[str]:
    first: Mapping[str, Any] | None = None
    for number, (point, config) in enumerate(zip(points(study), configs, strict=True)):
        yield f"\n# configuration of t{number:04d}, {point.title}; seeds {', '.join(map(str, study.seeds))}"
        if first is None or full:
            first = config
            yield plain_yaml(config).rstrip()
            continue
        yield from (f"#   {line}" for line in difference(first, config))
    if study.n_trials:
        one = f"one of them may be {corner(study).title}"
        yield f"\n# {study.n_trials} more trials will be drawn by {study.sampler}; {one}"


def _texts(
    study: StudyConfig, launch: LaunchConfig, folder: Path, configs: Sequence[Mapping[str, Any]], full: bool
) -> Iterator[str]:
    launcher = SlurmLauncher(launch.resources, study.name, planned(folder), launch.stalled_attempts, launch.max_jobs)
    threads = [config["trainer"]["threads"] for config in configs]
    if study.n_trials:
        drawn = resolve(run_overrides(study, corner(study).overrides, study.seeds[0])).config
        threads += [drawn["trainer"]["threads"]] * study.n_trials
    runs = {f"t{number:04d}-s{seed}": count for number, count in enumerate(threads) for seed in study.seeds}
    first = next(iter(runs))
    texts = {}
    if launch.driver == "slurm":
        texts["driver"] = render(driver_text(launch, folder, _planned_name(study.name, "driver")))
    for run, count in runs.items():
        texts[run] = render(launcher.text(folder.absolute() / "runs" / run, _planned_name(study.name, run), count))
    for place, (run, text) in enumerate(texts.items()):
        if full or run in ("driver", first):
            yield f"\n# what sbatch is given for {run} (the last {DIGITS} characters of the name are drawn)"
            yield text.rstrip()
            continue
        if place == len(texts) - len(runs) + 1:
            yield f"\n# those of the others, {len(runs) - 1}, differ in the name and the folder; --full prints them"
        if text.replace(run, first) != texts[first]:
            yield f"# {run}, otherwise:\n{text.rstrip()}"
        else:
            yield f"#   {_planned_name(study.name, run)}  {folder.absolute() / 'runs' / run}"
    yield "\n# nothing was submitted or written"


def _planned_name(study: str, run: str) -> str:
    return job_name(study, run)[:-DIGITS] + "x" * DIGITS
