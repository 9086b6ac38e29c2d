"""`entrocraft run`: one run, here and now; again = go on where it stopped."""

from __future__ import annotations

import argparse
import sys

from harness.cli.command import Command, overrides_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    overrides_argument(parser, "Hydra overrides, e.g. method=grpo trainer.steps=40 seed=1")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the resolved configuration, and verl's command, and run nothing"
    )


def call(given: argparse.Namespace) -> int:
    from harness import tracking
    from harness.cli.run_folder import open_run, placed
    from harness.cli.run_report import Reporter, print_summary
    from harness.config import default_dir, resolve
    from harness.config.compose import as_yaml
    from harness.errors import HarnessError, LockHeldError
    from harness.execute import run
    from harness.exits import Exit
    from harness.runs import RunFolder, RunState
    from harness.verl_backend.start import next_start

    config = placed(resolve(given.overrides))
    if given.dry_run:
        print(as_yaml(config), end="")
        if config.backend == "verl":
            command = next_start(config, RunFolder(default_dir(config))).shell()
            print(f"\n# verl is started by (the start makes the folder):\n{command}")
        return Exit.COMPLETE
    tracking.require(config.wandb.mode)
    folder = open_run(config)
    if folder.is_done():
        print_summary(folder, "is already complete")
        return Exit.COMPLETE
    try:
        with Reporter(folder) as reporter:
            state = run(folder, reporter.on_step)
    except LockHeldError:
        raise  # refused: this process did nothing to the run
    except HarnessError as error:
        print(f"entrocraft: {error}", file=sys.stderr)
        return Exit.FAILED
    print_summary(folder, f"is {state}")
    return Exit.COMPLETE if state is RunState.COMPLETE else Exit.STOPPED


COMMAND = Command(
    help="train one configuration on one seed",
    description=(
        "Train one configuration on one seed, in this process. The same command again goes on where the run\n"
        "stopped. Ctrl-C saves a checkpoint after the present step and stops. With --dry-run nothing is run: the\n"
        "resolved configuration is printed and, on backend=verl, the command that the run would be started with.\n\n"
        "exit codes: 0 complete, 3 stopped, 2 refused, 1 failed (with the reason in manifest.json)"
    ),
    examples=(
        "entrocraft run method=entrocraft schedule=linear schedule.start=0.5 schedule.end=0.2 seed=1",
        "entrocraft run method=clip_higher trainer.steps=40 run.dir=runs/clip-higher --dry-run",
        "entrocraft run experiment=paper/grpo_entrocraft_linear_4b --dry-run",
    ),
    arguments=arguments,
    call=call,
)
