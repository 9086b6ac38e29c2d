"""What a command is: its help with examples, its arguments, and the function that does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """One command of the command line. `call` returns the exit code and raises HarnessError to refuse."""

    help: str
    """One line for the list of commands."""
    description: str
    examples: tuple[str, ...]
    arguments: Callable[[argparse.ArgumentParser], None]
    call: Callable[[argparse.Namespace], int]

    def add_to(self, subparsers: Any, name: str) -> None:
        """Add the command to the subparsers of an ArgumentParser."""
        title = "example" if len(self.examples) == 1 else "examples"
        parser = subparsers.add_parser(
            name,
            help=self.help,
            description=self.description,
            epilog="\n  ".join([f"{title}:", *self.examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.arguments(parser)


def overrides_argument(parser: argparse.ArgumentParser, help: str) -> None:
    """The positional Hydra overrides of a command."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=help)
