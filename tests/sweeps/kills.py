"""Kills of competing drivers on PostgreSQL: `python -m tests.sweeps.kills [--seed N] [--kills 200] FOLDER`.

Studies are played one after another in one database until there were so many kills, and (with --all) one at every
stage at least. Exit code 1 where a check fails.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import secrets
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.postgres.server import Server
from tests.sweeps.kill_checks import problems, studies
from tests.sweeps.kill_keeper import Keeper
from tests.sweeps.kill_stages import STAGES, group_of

ROOT = Path(__file__).resolve().parents[2]
MOST = 10**6
STUDIES = 40
"""No more than these are played."""
LIMIT_S = 300.0
"""For one study."""
SPARE, SPARE_IN_SHORT = 1.5, 3.0
"""Kills in the deck, as a multiple of those wanted: some stages are passed seldom."""


def play(folder: Path, url: str, seed: int, kills: int, every: bool, say: Callable[[str], None]) -> list[str]:
    """Plays studies in `folder` until there were enough kills; what is wrong, one line each.

    Args:
        every: whether each stage must be struck once at least.
    """
    assert threading.active_count() == 1, "a fork takes only one thread with it"
    keeper = Keeper(url, deck(kills, seed), kills, str(seed))
    found: list[str] = []
    played = 0
    for played in range(1, STUDIES + 1):
        study = folder / f"study{played}"
        began = time.monotonic()
        if not keeper.play(study, LIMIT_S, say):
            found += keeper.errors or [f"{study} must be over within {LIMIT_S:.0f} s"]
            break
        found += [f"{study.name}: {each}" for each in problems(study)]
        say(f"{study.name}: over after {time.monotonic() - began:.0f} s, {keeper.hits.total()} kills so far")
        missed = sorted(set(STAGES) - set(keeper.hits)) if every else []
        if found or (keeper.kills <= 0 and not missed):
            break
        if keeper.kills <= 0:
            keeper.deck, keeper.kills = Counter(dict.fromkeys(missed, 1)), len(missed)
    if (there := studies(url)) != played:
        found.append(f"{played} studies were played, and the database has {there}")
    if keeper.hits.total() < kills:
        found.append(f"at least {kills} kills must hit, and {keeper.hits.total()} did")
    if every and (missed := sorted(set(STAGES) - set(keeper.hits))):
        found.append(f"every stage must be struck, and these were not: {', '.join(missed)}")
    for stage in STAGES:
        say(f"  {keeper.hits[stage]:4d}  {stage}")
    say(
        f"{keeper.hits.total()} kills at {len(keeper.hits)} of {len(STAGES)} stages, {keeper.lives} drivers, "
        f"{keeper.orphans} runs killed with them, {played} studies, seed {seed}"
    )
    return found


def deck(kills: int, seed: int) -> Counter[str]:
    """Stage -> kills: all stages alike, or where there are too few for that, some of each group."""
    if kills >= len(STAGES):
        return Counter(dict.fromkeys(STAGES, math.ceil(SPARE * kills / len(STAGES))))
    rng, groups = random.Random(f"{seed} deck"), sorted(set(map(group_of, STAGES)))
    each = math.ceil(SPARE_IN_SHORT * kills / len(groups))
    members = [[stage for stage in STAGES if group_of(stage) == group] for group in groups]
    return Counter(stage for group in members for stage in rng.sample(group, min(each, len(group))))


def main(words: list[str] | None = None) -> int:
    """0 where every check holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.sweeps.kills", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="emptied first; the studies are left in it")
    parser.add_argument("--seed", type=int, help="of the kills (default: drawn, and printed)")
    parser.add_argument("--kills", type=int, default=200, help="at least so many (default: 200)")
    parser.add_argument("--all", action="store_true", help="and every stage once at least")
    parser.add_argument("--database", metavar="URL", help="an empty one (default: that of a server of its own)")
    given = parser.parse_args(words)
    seed = secrets.randbelow(MOST) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    os.environ |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # for the runs
    server = None if given.database else Server()
    try:
        url = given.database or server.database("kills")  # type: ignore[union-attr]
        found = play(given.folder, url, seed, given.kills, given.all, lambda text: print(text, flush=True))
    finally:
        if server is not None:
            server.close()
    for each in found:
        print(f"PROBLEM: {each}", file=sys.stderr)
    print("every check holds" if not found else f"{len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
