"""The command line: `python -m tests.chaos [--seed N] [--search] [--short] FOLDER`."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

import orjson

from harness.errors import HarnessError
from tests.chaos.play import play
from tests.chaos.study import LONG, SEARCH, SEARCH_SHORT, SHORT

MOST = 10**6


def main(words: list[str] | None = None) -> int:
    """0 where every check holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="everything happens in it; short, for sockets")
    parser.add_argument("--seed", type=int, help="of the faults (default: drawn, and printed)")
    parser.add_argument("--short", action="store_true", help="fewer runs and faults")
    parser.add_argument("--search", action="store_true", help="a grid with halving in place of the list")
    given = parser.parse_args(words)
    seed = secrets.randbelow(MOST) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    try:
        form = (SEARCH_SHORT if given.short else SEARCH) if given.search else (SHORT if given.short else LONG)
        done = play(given.folder, form, seed, lambda text: print(text, flush=True))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    print(done.text())
    (given.folder / "report.json").write_bytes(orjson.dumps(done.to_dict(), option=orjson.OPT_INDENT_2))
    return 1 if done.problems else 0


if __name__ == "__main__":
    sys.exit(main())
