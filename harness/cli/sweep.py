"""`entrocraft sweep`: a study, several runs at a time; again = go on where it stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, overrides_argument
from harness.errors import ConfigError, LeaseLostError

if TYPE_CHECKING:
    from harness.config.study import StudyConfig

STUDIES = Path("studies")


def arguments(parser: argparse.ArgumentParser) -> None:
    overrides_argument(parser, "study=NAME or study=FILE.yaml; study.KEY=VALUE; overrides for all its runs")
    parser.add_argument("--dir", type=Path, default=STUDIES, help="folder of the studies (default: %(default)s)")
    parser.add_argument("--retry-failed", action="store_true", help="give each failed trial one more try")
    parser.add_argument("--dry-run", action="store_true", help="list the trials and run nothing")


def call(given: argparse.Namespace) -> int:
    from harness.cli.launching import launcher_of, policy_of
    from harness.cli.sweep_report import Reporter, print_plan, print_result
    from harness.config.launch import split
    from harness.config.launch_file import load_launch
    from harness.execute import Exit
    from sweeps.plan import points, resolve, resolved_points
    from sweeps.study import run_study

    for_launch, for_study = split(given.overrides)
    launch, study = load_launch(for_launch), chosen(for_study)
    folder = given.dir / study.name
    if given.dry_run:
        resolved_points(study, resolve)  # refuses what the sweep itself would refuse
        print_plan(study, points(study), folder)
        return 0
    try:
        with Reporter(study.parallel) as reporter:
            status = run_study(
                study,
                folder,
                observe=reporter.observe,
                retry_failed=given.retry_failed,
                launch=lambda: launcher_of(launch, study.name, folder),
                poll_s=launch.poll_seconds,
                policy=policy_of(launch),
                say=reporter.say,
            )
    except LeaseLostError as error:
        print(f"entrocraft: {error}", file=sys.stderr)
        return Exit.STOPPED
    return print_result(study, status)


def chosen(overrides: Sequence[str]) -> StudyConfig:
    """The study of `study=...`, with `study.KEY=VALUE`; the other overrides are for all of its runs.

    Raises:
        ConfigError: no study, an unknown one, or an override of a key that a trial sets itself or draws.
    """
    from harness.config.study_file import load_study, shipped

    names = [text.removeprefix("study=") for text in overrides if text.startswith("study=")]
    if len(names) != 1:
        raise ConfigError(
            "a sweep needs one study",
            ", ".join(names) or "none",
            f"Name one: study={shipped()[0]}. Shipped: {', '.join(shipped())}.",
        )
    own = [text.removeprefix("study.") for text in overrides if text.startswith("study.")]
    for_runs = tuple(text for text in overrides if not text.startswith(("study=", "study.")))
    study = load_study(names[0], own)
    own_keys = {_key(text) for point in study.trials for text in point.overrides}
    own_keys |= {_key(dimension.key) for dimension in study.space} | {"seed"}
    for text in for_runs:
        if _key(text) in own_keys:
            raise ConfigError(
                "an override for all runs must not change what a trial sets itself",
                repr(text),
                "Leave it out (seeds: study.seeds=[1,2]), or copy the study's YAML and give it as study=FILE.yaml.",
            )
    return replace(study, base=(*study.base, *for_runs))


def _key(override: str) -> str:
    return override.split("=")[0].lstrip("+~")


COMMAND = Command(
    help="run a study; again = go on where it stopped",
    description=(
        "Run the trials of a study, several at a time, each run in a process of its own. Started again\n"
        "after any end, kill -9 included, it goes on where it stopped; nothing is run twice. Ctrl-C stops\n"
        "the runs at their next step, with checkpoints.\n\n"
        "exit codes: 0 all trials complete, 1 some failed, 3 stopped, 2 refused"
    ),
    examples=(
        "entrocraft sweep study=demo",
        "entrocraft sweep study=demo study.parallel=4 --dir /data/studies",
        "entrocraft sweep study=my_study.yaml study.seeds=[1,2,3] trainer.steps=200 --dry-run",
    ),
    arguments=arguments,
    call=call,
)
