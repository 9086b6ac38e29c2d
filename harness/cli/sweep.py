"""`entrocraft sweep`: a study, several runs at a time; again = go on where it stopped."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, overrides_argument
from harness.cli.disk import writable
from harness.errors import ConfigError, LeaseLostError

if TYPE_CHECKING:
    from harness.config.launch import LaunchConfig
    from harness.config.study import StudyConfig

STUDIES = Path("studies")
STORAGE_VARIABLE = "ENTROCRAFT_STORAGE"
"""Where the trials of new studies are, unless the setting `storage` says otherwise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    overrides_argument(
        parser, "study=NAME or study=FILE.yaml; study.KEY=VALUE; launch settings; overrides for all runs"
    )
    parser.add_argument("--dir", type=Path, default=STUDIES, help="folder of the studies (default: %(default)s)")
    parser.add_argument("--retry-failed", action="store_true", help="give each failed trial one more try")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="list the trials and run nothing; for Slurm also configurations, cost and the text of the jobs",
    )
    parser.add_argument("--full", action="store_true", help="with --dry-run: every text whole, not the differences")
    parser.add_argument(
        "--budget",
        metavar="[+]HOURS",
        help="GPU-hours (hours of jobs without GPUs) that the study may cost in all, or +HOURS more than so far",
    )
    parser.add_argument("--yes", action="store_true", help="agree to what the sweep may cost")
    parser.add_argument(
        "--detach", action="store_true", help="drive in the background of this machine; log in STUDY/driver.log"
    )


def call(given: argparse.Namespace) -> int:
    from harness.cli.accepting import accept
    from harness.cli.launching import resolver_of
    from harness.cli.sweep_report import print_plan
    from harness.config.database_url import check_url
    from harness.config.launch import split
    from harness.config.launch_file import load_launch
    from harness.exits import Exit
    from sweeps.budget.cost import cost
    from sweeps.budget.grants import granting
    from sweeps.cancel import who
    from sweeps.checking import check_study
    from sweeps.folder import StudyFolder
    from sweeps.plan import points, resolved_points
    from sweeps.warm import borrow

    for_launch, for_study = split(given.overrides)
    launch, study = load_launch(for_launch), chosen(for_study)
    _check_options(given, launch)
    folder = given.dir / study.name
    if StudyFolder(folder).exists():
        StudyFolder(folder).definition()  # of another version, or damaged: refused before anything is written
    configs = resolved_points(study, resolver_of(launch))  # refuses what the sweep itself would refuse
    check_study(study, configs, resolver_of(launch))
    if study.warm_start and not StudyFolder(folder).exists():
        borrow(study)
    if os.environ.get(STORAGE_VARIABLE):
        check_url(os.environ[STORAGE_VARIABLE])
    most = cost(study, launch, configs)
    if given.dry_run:
        print_plan(study, points(study), folder)
        if launch.launcher == "slurm":
            from harness.cli.sweep_plan import print_jobs

            print_jobs(study, launch, folder, most, configs, given.full)
        return 0
    if launch.launcher == "slurm":
        from slurm.executor import require

        require()
        _warn_of(given.dir)
    with writable(folder):
        if not accept(most, launch, folder, given.yes):
            return Exit.USAGE
        if launch.driver == "here" and not given.detach:
            return _drive(given, launch, study, folder)
        with granting(StudyFolder(folder), study.budget, given.budget, who()):
            return _submit(given, launch, study, folder) if launch.driver == "slurm" else _detach(given, folder)


def _check_options(given: argparse.Namespace, launch: LaunchConfig) -> None:
    """Raises ConfigError for options that exclude each other."""
    if given.full and not given.dry_run:
        raise ConfigError("--full is of the texts of a dry run", "--full without --dry-run", "Give both, or neither.")
    if given.detach and launch.driver == "slurm":
        raise ConfigError(
            "--detach puts a driver into the background that is in this process",
            "--detach with driver=slurm, which is a job already",
            "Leave one of them out.",
        )


def _drive(given: argparse.Namespace, launch: LaunchConfig, study: StudyConfig, folder: Path) -> int:
    """The driver in this process."""
    from harness.cli.launching import launcher_of, policy_of, resolver_of
    from harness.cli.looking import look
    from harness.cli.sweep_report import Reporter, print_result
    from harness.exits import Exit
    from sweeps.study import run_study

    _refuse_second(folder)
    try:
        with Reporter(study.parallel) as reporter:
            status = run_study(
                study,
                folder,
                observe=reporter.observe,
                retry_failed=given.retry_failed,
                launch=lambda: launcher_of(launch, study.name, folder),
                resolve=resolver_of(launch),
                poll_s=launch.poll_seconds,
                policy=policy_of(launch),
                say=reporter.say,
                storage=launch.storage,
                default_storage=os.environ.get(STORAGE_VARIABLE) or None,
                budget=given.budget,
                look=look,
            )
    except LeaseLostError as error:
        print(f"entrocraft: {error}", file=sys.stderr)
        return Exit.STOPPED
    return print_result(study, status)


def _detach(given: argparse.Namespace, folder: Path) -> int:
    """The driver in a process of its own."""
    from harness.cli.again import sweep_words
    from harness.cli.background import detach

    _refuse_second(folder)
    words = sweep_words(given.overrides, given.dir)
    return detach([*words, *(["--retry-failed"] if given.retry_failed else [])], folder)


def _submit(given: argparse.Namespace, launch: LaunchConfig, study: StudyConfig, folder: Path) -> int:
    """The driver in a job."""
    from harness.cli.submitting import submit_driver
    from sweeps.jobs.driver_job import LOG

    job = submit_driver(launch, study.name, folder, given.overrides, given.retry_failed, _say)
    print(f"driver: job {job.id} ({job.name}), log {folder / LOG}")
    print(f"watch:  entrocraft status {folder}")
    print(f"stop:   scancel {job.id}   (the runs' jobs go on)")
    return 0


def _warn_of(studies: Path) -> None:
    """Says where the jobs of other nodes may not see the folder of the studies."""
    from harness.cli.doctor_look import folder
    from harness.doctor.finding import State

    finding = folder(studies, between_nodes=True)
    if finding.state is State.WARNING:
        _say(f"warning: {finding.what}: {finding.found}. {finding.remedy} (`entrocraft doctor` looks at more.)")


def _refuse_second(folder: Path) -> None:
    """Raises SchedulerError: a job drives the study, or waits to. Slurm is asked only where there once was one."""
    from sweeps.jobs.driver_job import driver_job

    if driver_job(folder) is not None:
        from harness.cli.submitting import refuse_second

        refuse_second(folder)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
        "Run the trials of a study, several at a time, each run in a process or, with launcher=slurm, in a job\n"
        "of its own. Started again after any end, kill -9 included, it goes on where it stopped; nothing is run\n"
        "twice. Ctrl-C stops the runs at their next step, with checkpoints; on Slurm it stops the driver alone,\n"
        "and the jobs go on. With --detach the driver stays on this machine when you leave; with driver=slurm it\n"
        "is a small job that comes back until the study is over.\n\n"
        "A study with a budget stops asking when the next run no longer fits into it; --budget +200 goes on.\n\n"
        "exit codes: 0 all trials complete or pruned (or the driver is on its way), 1 some failed, 3 stopped or the\n"
        "budget is spent, 2 refused"
    ),
    examples=(
        "entrocraft sweep study=demo",
        "entrocraft sweep study=demo study.parallel=4 --dir /data/studies",
        "entrocraft sweep study=my_study.yaml study.seeds=[1,2,3] trainer.steps=200 --dry-run",
        "entrocraft sweep study=search.yaml launcher=slurm resources=h100x8 --budget +200",
        "entrocraft sweep study=paper_table2 launcher=slurm resources=h100x8 site=mine --dry-run",
        "entrocraft sweep study=paper_table2 launcher=slurm resources=h100x8 site=mine --yes --detach",
        "entrocraft sweep study=paper_table2 launcher=slurm driver=slurm driver_resources.partition=cpu \\\n"
        "      resources=h100x8 site=mine",
    ),
    arguments=arguments,
    call=call,
)
