"""`entrocraft doctor`: what this machine lacks for the runs of given settings, and how to mend it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, overrides_argument

if TYPE_CHECKING:
    from harness.doctor.finding import Finding

LACKING = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    overrides_argument(parser, "launch settings, such as site=NAME resources=h100x8, and settings of the runs")
    parser.add_argument(
        "--dir", type=Path, default=Path("studies"), help="folder of the studies (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable")


def call(given: argparse.Namespace) -> int:
    from harness.cli.doctor_look import look
    from harness.config import resolve
    from harness.config.launch import SLURM_ONLY, first_key, split
    from harness.config.launch_file import load_launch
    from harness.doctor.finding import sound

    for_launch, for_runs = split(given.overrides)
    keys = {first_key(text) for text in for_launch}
    if keys & set(SLURM_ONLY) and "launcher" not in keys:
        for_launch = ["launcher=slurm", *for_launch]
    findings = look(load_launch(for_launch), resolve(for_runs), given.dir)
    if given.json:
        _print_json(findings)
    else:
        _print(findings)
    return 0 if sound(findings) else LACKING


def _print(findings: Iterable[Finding]) -> None:
    from rich.console import Console

    from harness.cli.tables import plain_table

    rows = []
    for each in findings:
        state = f"{each.state}, needed" if each.needed else str(each.state)
        mend = f"\n-> {each.remedy}" if each.remedy is not None else ""
        rows.append((each.what, state, each.found + mend))
    Console().print(plain_table(("what", "state", "found"), rows))


def _print_json(findings: Iterable[Finding]) -> None:
    from dataclasses import asdict

    import orjson

    print(orjson.dumps([asdict(each) for each in findings], option=orjson.OPT_INDENT_2).decode())


COMMAND = Command(
    help="see what this machine lacks for a study, and how to mend it",
    description=(
        "Look at Slurm, the folder of the studies, the packages and the checkout, and say of each whether it is ok,\n"
        "works with a loss (warning) or is missing, and how to mend it. Nothing is changed or submitted, and no key\n"
        "is printed. What is needed depends on the settings: give those of the sweep.\n\n"
        "exit codes: 0 nothing that is needed is missing, 1 something is, 2 refused"
    ),
    examples=(
        "entrocraft doctor",
        "entrocraft doctor site=mine resources=h100x8 --dir /shared/studies",
        "entrocraft doctor site=mine resources=h100x8 backend=verl platform=gpu8 wandb.mode=online --json",
    ),
    arguments=arguments,
    call=call,
)
