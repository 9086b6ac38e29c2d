"""The command `entrocraft`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata

from harness.cli.command import Command
from harness.errors import HarnessError

COMMANDS = (
    "run",
    "sweep",
    "study",
    "status",
    "logs",
    "cancel",
    "retry",
    "doctor",
    "eval",
    "schedule",
    "report",
    "figures",
    "compare",
    "paper",
    "import",
    "osb",
    "experiments",
    "wandb",
    "methods",
    "data",
    "prefetch",
)
"""The modules of this package that are commands, in the order of the help."""

REFUSED = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Refusals print one message on stderr, without a traceback, and give 2."""
    parser, commands = _parser()
    given, rest = parser.parse_known_args(arguments)
    command = commands[given.command]
    # argparse ends the list of overrides at the first option; those behind it end up in the rest.
    behind = [word for word in rest if "=" in word and not word.startswith("-")]
    if unknown := [word for word in rest if word not in behind or not hasattr(given, "overrides")]:
        parser.error(f"unknown arguments of `{given.command}`: {' '.join(unknown)}")
    if behind:
        given.overrides = [*given.overrides, *behind]
    try:
        return command.call(given)
    except HarnessError as error:
        print(f"entrocraft: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Command]]:
    parser = argparse.ArgumentParser(
        prog="entrocraft",
        description="Entropy-controlled reinforcement learning of language models.",
        epilog="example:\n  entrocraft sweep study=demo\n\nmore examples: entrocraft COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"entrocraft {metadata.version('entrocraft-harness')}"
    parser.add_argument("--version", action="version", version=version)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands: dict[str, Command] = {}
    for name in COMMANDS:
        command: Command = import_module(f"harness.cli.{name}").COMMAND
        command.add_to(subparsers, name)
        commands[name] = command
    return parser, commands


if __name__ == "__main__":
    sys.exit(main())
