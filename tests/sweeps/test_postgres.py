"""Studies whose trials are in PostgreSQL: drivers that compete and are killed, and a server that goes away."""

import functools
import os
import secrets
import subprocess
import sys
import threading
import time

import pytest

from sweeps.storage.place import POSTGRESQL, Place
from sweeps.storage.store import Store, make
from tests.sweeps.fake_study import run
from tests.sweeps.kill_checks import problems, read
from tests.sweeps.kill_keeper import ask_for_retry
from tests.sweeps.killed_driver import SEARCH
from tests.sweeps.kills import ROOT

pytestmark = pytest.mark.needs("postgres")

KILLS = 16
PATIENCE_S = 60.0


@pytest.mark.timeout(480)
def test_two_drivers_killed_again_and_again_lose_and_double_nothing(database, tmp_path):
    """KILLS_SEED=N repeats the kills of a run that failed, as far as time repeats itself."""
    seed = os.environ.get("KILLS_SEED") or str(secrets.randbelow(10**6))
    command = [sys.executable, "-m", "tests.sweeps.kills", "--seed", seed, "--kills", str(KILLS)]
    # A process of its own: it forks, which this one with its threads must not.
    done = subprocess.run(
        [*command, "--database", database, str(tmp_path / "kills")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"KILLS_SEED={seed}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_driver_waits_for_a_server_that_goes_away_and_loses_nothing(postgres, database, tmp_path, how):
    """Twice: while configurations are on their way to the rung, and when some have been told."""
    notes, folder, asked, outages = [], tmp_path / "study", [], 0

    def observe(progress):
        notes.append(progress.note)
        if not asked and ask_for_retry(folder):
            asked.append(True)

    def strike():
        nonlocal outages
        for moment in (lambda: any(folder.glob("runs/*/pulse")), lambda: told(postgres, database)):
            wait(moment)
            there = len(notes)
            getattr(postgres, how)()
            try:
                wait(lambda there=there: any(map(away, notes[there:])))
                time.sleep(0.5)  # runs come to their ends meanwhile
            finally:
                postgres.start()
            wait(lambda: notes[-1] is None)
            outages += 1

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        run(SEARCH, folder, storage=database, observe=observe)
    finally:
        striker.join(PATIENCE_S)
    assert outages == 2
    assert problems(folder) == []
    before = read(folder)
    run(SEARCH, folder, storage=database)
    assert read(folder) == before, "a study that is over changes nothing"


@pytest.mark.parametrize("change", ["asked for", "told"])
def test_the_next_driver_waits_for_what_a_dead_one_has_sent(postgres, database, change):
    """A server may take its time with a commit (for a standby, say) whose driver is dead or has lost it."""
    place = Place(POSTGRESQL, database, "fakes")
    make(place, SEARCH)
    dead = Store(place, SEARCH)
    act = (lambda: dead.ask(str)) if change == "asked for" else functools.partial(told_of, dead, dead.ask(str))
    postgres.execute(*SLOW, database=database.rpartition("/")[2])
    sender = threading.Thread(target=act)
    sender.start()
    wait(lambda: commits(postgres))
    following = Store(place, SEARCH)
    (trial,) = following.all_trials()
    sender.join()
    assert trial.state == ("running" if change == "asked for" else "complete")
    drawn = following.ask(str)
    assert drawn.number == 1 and drawn.overrides != trial.overrides, "the same is not drawn again"
    dead.close()
    following.close()


def told_of(store, trial):
    store.tell(trial, [{1: 0.5}])


SLOW = (
    "CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$ LANGUAGE plpgsql",
    "CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON trials DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION slow()",
)
"""Makes every commit that touches a trial take 1.5 s."""


def commits(server):
    return server.execute("SELECT 1 FROM pg_stat_activity WHERE query ILIKE 'COMMIT%' AND state = 'active'")


def away(note):
    return note is not None and note.startswith("the database does not answer; nothing is started or told until it")


def told(server, url):
    (row,) = server.execute(
        "SELECT count(*) FROM trials WHERE state IN ('PRUNED', 'COMPLETE')", database=url.rpartition("/")[2]
    )
    return row[0] > 0


def wait(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
