"""`entrocraft schedule preview`: the entropy that a schedule will ask for, as numbers and as a figure."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, overrides_argument

ROWS = 9


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("preview",))
    overrides_argument(parser, "Hydra overrides as for `entrocraft run`, e.g. schedule=cosine schedule.start=0.5")
    parser.add_argument("--out", type=Path, metavar="FILE", help="draw it to FILE (.pdf, .png or .svg)")


def call(given: argparse.Namespace) -> int:
    from harness.config import resolve
    from harness.errors import ConfigError

    config = resolve(given.overrides)
    if config.schedule is None:
        raise ConfigError(
            "a preview needs a schedule",
            "schedule=none",
            "Add one, e.g. schedule=linear schedule.start=0.5 schedule.end=0.2.",
        )
    bands, steps = config.schedule.bands, config.trainer.steps
    print(f"{config.schedule.family}, progress={bands.progress}, horizon {bands.horizon}, run of {steps} steps")
    print("nats per token\n  step     low  target    high")
    for step in sorted({1 + round(row * (steps - 1) / (ROWS - 1)) for row in range(ROWS)}):
        band = bands.band(step)
        print(f"{step:6d}  {band.low:6.3f}  {band.middle:6.3f}  {band.high:6.3f}")
    if given.out is not None:
        from paper_figures.schedule_preview import preview

        title = f"{config.schedule.family} ({bands.progress} progress)"
        print(f"drawn to {preview(bands, steps, title, given.out)}")
    return 0


COMMAND = Command(
    help="show the entropy that a schedule will ask for",
    description="Print, and with --out draw, the target and the band of a schedule at each step of a run.",
    examples=(
        "entrocraft schedule preview schedule=cosine schedule.start=0.6 schedule.end=0.2 --out cosine.png",
        "entrocraft schedule preview schedule=linear schedule.start=0.5 schedule.end=0.1 schedule.width=0.1",
    ),
    arguments=arguments,
    call=call,
)
