"""Optuna's storages: made whole, opened for writing or for reading alone, upgraded, waited for."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator

import optuna
import pytest

from harness.errors import StudyError
from sweeps.storage import schema
from sweeps.storage.optuna_storages import (
    UNREADABLE,
    close,
    create,
    exists,
    is_outage,
    open_to_read,
    open_to_write,
    refresh,
)
from sweeps.storage.outage import reason
from sweeps.storage.place import POSTGRESQL, SQLITE, Place, find, keep, settle
from tests.postgres.server import GUARDED, PASSWORD

BOTH = ["maximize", "minimize"]


@pytest.fixture
def folder(tmp_path):
    """The folder of a study, with a name that addresses trip over."""
    folder = tmp_path / "it's 100% a?b {c}#d&e=f %3F"
    folder.mkdir()
    return folder


@pytest.fixture(params=[SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs("postgres"))])
def place(request, folder) -> Iterator[Place]:
    """A place on each kind of storage: the contract below holds on both."""
    return settle(folder, "demo", request.getfixturevalue("database") if request.param == POSTGRESQL else None)


def study_in(storage, place):
    return optuna.load_study(study_name=place.study, storage=storage)


def values(place):
    """The values of the trials, as a reader sees them."""
    storage = open_to_read(place)
    try:
        return [trial.value for trial in study_in(storage, place).get_trials()]
    finally:
        close(storage)


def add(study, value):
    study.tell(study.ask(), value)


def made(place, *told):
    create(place, place.study, ["minimize"])
    storage = open_to_write(place)
    for value in told:
        add(study_in(storage, place), value)
    close(storage)
    return place


# --- the contract


def test_a_study_is_there_once_it_was_made_and_making_it_again_changes_nothing(place, folder):
    assert not exists(place, place.study)
    made(place, 1.0)
    keep(folder, place)
    made(find(folder, "demo"), 2.0)
    assert exists(place, place.study) and values(place) == [1.0, 2.0]
    assert {path.name for path in folder.iterdir()} <= {"optuna.db", "storage.json"}


def test_each_objective_has_its_direction(place):
    create(place, place.study, BOTH)
    storage = open_to_read(place)
    assert [each.name.lower() for each in study_in(storage, place).directions] == BOTH
    close(storage)


def test_a_reader_sees_what_is_written_and_can_write_nothing(place):
    made(place, 1.0)
    writer, reader = open_to_write(place), open_to_read(place)
    writing, reading = study_in(writer, place), study_in(reader, place)
    for number in range(3):
        add(writing, float(number))
        assert len(reading.get_trials()) == 2 + number
    with pytest.raises(UNREADABLE) as caught:
        reading.ask()
    assert not is_outage(caught.value)
    close(reader), close(writer)


def test_a_reader_while_there_are_commits_gets_whole_trials(place):
    made(place)
    storage = open_to_write(place)

    def write():
        for number in range(8):
            add(study_in(storage, place), float(number))

    thread = threading.Thread(target=write)
    thread.start()
    lengths = []
    while thread.is_alive():
        seen = [value for value in values(place) if value is not None]
        assert seen == [float(number) for number in range(len(seen))]
        lengths.append(len(seen))
    thread.join()
    close(storage)
    assert lengths == sorted(lengths) and values(place)[-1] == 7.0


def test_of_a_place_that_was_never_made_nothing_can_be_opened(place):
    for opened in (open_to_read, open_to_write):
        with pytest.raises(UNREADABLE):
            study_in(opened(place), place)


def test_a_newer_database_is_refused(place, monkeypatch):
    made(place)
    storage = open_to_write(place)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
    close(storage)
    for opened in (open_to_read, open_to_write):
        with pytest.raises(StudyError, match=r"Optuna .* knows; got v99\.0\.0\.a, of a newer one"):
            opened(place)


# --- SQLite


def make_older(place):
    """The file as Optuna 3.1 left it: the migration that came after it, taken back. Its own files have this schema."""
    with sqlite3.connect(place.path) as connection:
        connection.execute("DROP INDEX ix_trials_study_id")
        connection.execute("UPDATE alembic_version SET version_num = 'v3.0.0.d'")
        connection.execute("UPDATE version_info SET library_version = '3.1.0'")
    connection.close()


@pytest.fixture
def older(folder):
    place = made(settle(folder, "demo"), 1.0, 2.0)
    make_older(place)
    return place


def test_an_older_file_is_upgraded_by_the_driver_and_a_copy_kept(older, folder):
    before = older.path.read_bytes()
    with pytest.raises(StudyError, match=r"of an older one.*Start the sweep again"):
        open_to_read(older)
    assert older.path.read_bytes() == before
    storage = open_to_write(older)
    add(study_in(storage, older), 3.0)
    close(storage)
    assert values(older) == [1.0, 2.0, 3.0]
    assert {path.name for path in folder.iterdir()} == {"optuna.db", "optuna.db.v3.0.0.d"}
    with sqlite3.connect(folder / "optuna.db.v3.0.0.d") as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [("v3.0.0.d",)]
        assert kept.execute("SELECT value FROM trial_values").fetchall() == [(1.0,), (2.0,)]
        assert kept.execute("SELECT name FROM sqlite_master WHERE name LIKE '%trials_study_id%'").fetchall() == []
    kept.close()
    with sqlite3.connect(older.path) as now:
        assert len(now.execute("SELECT name FROM sqlite_master WHERE name LIKE '%trials_study_id%'").fetchall()) == 1
    now.close()


def test_a_copy_of_an_earlier_upgrade_is_not_overwritten(older, folder):
    (folder / "optuna.db.v3.0.0.d").write_text("of another day")
    close(open_to_write(older))
    assert (folder / "optuna.db.v3.0.0.d").read_text() == "of another day"
    assert (folder / "optuna.db.v3.0.0.d.2").exists()


@pytest.mark.parametrize("fatal", range(1, 8))
def test_an_upgrade_that_is_killed_anywhere_is_made_by_the_next_driver(older, monkeypatch, fatal):
    """Killed in front of its n-th flush or rename; seven are more than it has."""
    calls = 0

    def deadly(call):
        def wrapped(*arguments):
            nonlocal calls
            calls += 1
            if calls == fatal:
                raise KeyboardInterrupt
            return call(*arguments)

        return wrapped

    monkeypatch.setattr(schema, "sync", deadly(schema.sync))
    monkeypatch.setattr("pathlib.Path.rename", deadly(type(older.path).rename))
    monkeypatch.setattr("pathlib.Path.replace", deadly(type(older.path).replace))
    if fatal < 7:
        with pytest.raises(KeyboardInterrupt):
            open_to_write(older)
    monkeypatch.undo()
    storage = open_to_write(older)
    assert [trial.value for trial in study_in(storage, older).get_trials()] == [1.0, 2.0]
    close(storage)
    assert any(path.name.startswith("optuna.db.v3") for path in older.path.parent.iterdir())
    assert not list(older.path.parent.glob("*-journal"))


def test_a_locked_file_may_be_waited_for_and_a_damaged_one_not(folder):
    place = made(settle(folder, "demo"))
    storage = open_to_write(place)
    other = sqlite3.connect(place.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    storage.engine.dispose()
    with pytest.raises(UNREADABLE) as caught:
        study_in(storage, place).ask()
    other.execute("ROLLBACK")
    other.close()
    assert is_outage(caught.value)
    add(study_in(storage, place), 1.0)
    close(storage)
    place.path.write_bytes(b"no database" * 100)
    with pytest.raises(UNREADABLE) as caught:
        open_to_write(place)
    assert not is_outage(caught.value)


def test_what_is_left_of_a_killed_creation_does_no_harm(folder):
    for name in (".optuna.db.tmp", ".optuna.db.tmp-journal"):
        (folder / name).write_bytes(b"half a database")
    place = settle(folder, "demo")
    assert not exists(place, "demo")
    assert values(made(place, 1.0)) == [1.0]


def test_our_refusals_and_other_mistakes_are_no_outages():
    lost = StudyError("rule")
    lost.__cause__ = ConnectionError("gone")
    assert not any(is_outage(error) for error in (lost, ValueError("x"), KeyError("x"), sqlite3.OperationalError("x")))


# --- PostgreSQL: a real server


@pytest.fixture
def shared(folder, database):
    return settle(folder, "demo", database)


@pytest.fixture
def restarted(postgres):
    """The server, running again afterwards for the other tests."""
    yield postgres
    postgres.restart()


@pytest.mark.needs("postgres")
def test_two_studies_of_one_name_share_a_database(tmp_path, database):
    both = []
    for owner in ("ada", "grace"):
        (tmp_path / owner).mkdir()
        place = made(settle(tmp_path / owner, "demo", database), 1.0 if owner == "ada" else 2.0)
        keep(tmp_path / owner, place)
        both.append(find(tmp_path / owner, "demo"))
    assert [values(place) for place in both] == [[1.0], [2.0]]


@pytest.mark.needs("postgres")
def test_people_who_are_the_first_at_the_same_time_do_not_disturb_each_other(database):
    places = [Place(POSTGRESQL, database, f"demo-{number}") for number in range(4)]
    failed = []

    def first(place):
        try:
            create(place, place.study, ["minimize"])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=first, args=[place]) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and all(exists(place, place.study) for place in places)


@pytest.mark.needs("postgres")
def test_a_study_that_is_there_with_other_directions_is_refused(shared):
    made(shared)
    with pytest.raises(StudyError, match=r"must have the directions maximize, minimize; got minimize"):
        create(shared, shared.study, BOTH)


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_driver_outlasts_an_outage(shared, restarted, how):
    made(shared, 1.0)
    storage = open_to_write(shared)
    study = study_in(storage, shared)
    trial = study.ask()
    getattr(restarted, how)()
    for attempt in (lambda: study.tell(trial, 2.0), study.get_trials, study.ask, lambda: open_to_write(shared)):
        with pytest.raises(UNREADABLE) as caught:
            attempt()
        assert is_outage(caught.value), caught.value
        assert "terminat" in reason(caught.value) or "connection" in reason(caught.value)
    with pytest.raises(StudyError, match=r"must take the study.*[Cc]onnection refused"):
        create(shared, "another", ["minimize"])
    restarted.start()
    refresh(storage)
    study.tell(trial, 2.0)
    assert values(shared) == [1.0, 2.0]
    close(storage)


@pytest.mark.needs("postgres")
def test_connections_that_the_server_ended_are_replaced(shared, postgres):
    made(shared)
    storage = open_to_write(shared)
    study = study_in(storage, shared)
    ended = postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    assert len(ended) > 0
    add(study, 1.0)
    close(storage)
    assert values(shared) == [1.0]


@pytest.mark.needs("postgres")
def test_a_server_without_room_for_us_is_waited_for(shared, postgres):
    made(shared)
    limited = Place(POSTGRESQL, shared.address.replace(f"{postgres.user}@", "limited@"), shared.study)
    postgres.execute("CREATE ROLE limited LOGIN IN ROLE pg_read_all_data CONNECTION LIMIT 0")
    with pytest.raises(UNREADABLE) as caught:
        open_to_read(limited)
    assert is_outage(caught.value)
    postgres.execute("ALTER ROLE limited CONNECTION LIMIT 5")
    assert values(limited) == []


@pytest.mark.needs("postgres")
def test_what_no_waiting_changes_is_refused_and_not_kept(folder, postgres):
    phrase = r"must take the study; got .*(does not exist|no password).*docs/storage"
    for url in (postgres.url("nowhere"), postgres.url("postgres", "nobody"), postgres.url("postgres", GUARDED)):
        place = settle(folder, "demo", url)
        for attempt in (lambda at: create(at, at.study, ["minimize"]), open_to_write, lambda at: exists(at, at.study)):
            with pytest.raises(StudyError, match=phrase):
                attempt(place)
        assert find(folder, "demo").kind == SQLITE


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("how", ["PGPASSWORD", "pgpass"])
def test_a_password_comes_from_outside(folder, postgres, database, monkeypatch, how):
    if how == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
    else:
        (folder / "pgpass").write_text("*:*:*:*:" + PASSWORD.replace(":", "\\:") + "\n")
        (folder / "pgpass").chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(folder / "pgpass"))
    place = made(settle(folder, "demo", database.replace(f"{postgres.user}@", f"{GUARDED}@")), 1.0)
    keep(folder, place)
    assert values(place) == [1.0]
    assert PASSWORD not in (folder / "storage.json").read_text()


@pytest.mark.needs("postgres")
def test_an_older_shared_database_is_refused_with_what_to_do(shared, postgres):
    made(shared, 1.0)
    database = shared.address.rpartition("/")[2]
    postgres.execute(
        "DROP INDEX ix_trials_study_id", "UPDATE alembic_version SET version_num = 'v3.0.0.d'", database=database
    )
    command = rf"pg_dump .* optuna storage upgrade --storage 'postgresql\+psycopg://.*/{database}'"
    for attempt in (open_to_write, open_to_read, lambda place: create(place, "another", ["minimize"])):
        with pytest.raises(StudyError, match=command):
            attempt(shared)
    storage = optuna.storages.RDBStorage(
        shared.address.replace("postgresql:", "postgresql+psycopg:"), skip_compatibility_check=True
    )
    storage.upgrade()  # what the command does
    close(storage)
    assert values(shared) == [1.0]


@pytest.mark.needs("postgres")
def test_a_schema_of_the_team_is_used_by_writers_and_readers(folder, postgres, database):
    postgres.execute("CREATE SCHEMA team", database=database.rpartition("/")[2])
    place = made(settle(folder, "demo", f"{database}?options=-csearch_path=team"), 1.0)
    assert values(place) == [1.0] and exists(place, place.study)
    assert not exists(Place(POSTGRESQL, database, place.study), place.study)


@pytest.mark.needs("postgres")
def test_without_psycopg_the_extra_is_named(shared, monkeypatch):
    monkeypatch.setattr("sweeps.storage.optuna_storages.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"entrocraft-harness\[postgres\]"):
        create(shared, shared.study, ["minimize"])


def test_a_file_of_optunas_is_an_ordinary_one(folder):
    place = made(settle(folder, "demo"), 1.0)
    plain = shutil.copy(place.path, folder.parent / "plain.db")
    assert optuna.load_study(study_name="demo", storage=f"sqlite:///{plain}").trials[0].value == 1.0
    assert os.stat(place.path).st_size > 0
