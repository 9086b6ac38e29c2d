"""`entrocraft methods`: which method runs on which backend, from the code."""

from __future__ import annotations

import argparse

from harness.cli.command import Command

FORMATS = ("terminal", "md")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="md: Markdown, with the sources")


def call(given: argparse.Namespace) -> int:
    from harness.methods import markdown, table

    if given.format == "md":
        print(markdown())
        return 0
    from rich.console import Console

    from harness.cli.tables import plain_table

    rows = [{key: text for key, text in row.items() if key != "source"} for row in table()]
    Console().print(plain_table(rows[0], (list(row.values()) for row in rows)))
    return 0


COMMAND = Command(
    help="list the methods and the backends they are tested on",
    description="List the methods and the backends on which tests run them; other pairs are refused.",
    examples=("entrocraft methods", "entrocraft methods --format md"),
    arguments=arguments,
    call=call,
)
