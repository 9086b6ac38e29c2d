"""The address of a shared database, and the place of a study, which is settled once."""

import os

import orjson
import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.database_url import check_url
from harness.errors import ConfigError, StudyError
from sweeps.storage import place
from sweeps.storage.place import Place, find, keep, settle

URL = "postgresql://ada@db.example.org:5432/optuna"
OTHER = "postgresql://ada@elsewhere/optuna"

GOOD = [
    URL,
    "postgresql:///optuna",
    "postgresql://db/optuna",
    "postgresql://ada%40corp@[::1]:5432/optuna",
    "postgresql://db/optuna?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem",
    "postgresql:///optuna?host=/run/postgresql&options=-csearch_path%3Dteam",
    "postgresql://db/optuna?passfile=/home/ada/.pgpass-optuna",
]

# address | phrase of the refusal. hunter2 is the password, which no refusal repeats.
HOSTILE = [
    ("postgresql://ada:hunter2@db/optuna", "no password"),
    ("postgresql://ada:@db/optuna", "no password"),
    ("postgresql://:hunter2@db/optuna", "no password"),
    ("postgresql://ada%3Ahunter2@db/optuna", "no password"),
    ("postgresql://ada@hunter2@db/optuna", "no second @"),
    ("postgresql://ada:hunter2@x@db/optuna", "no password"),
    ("postgresql://ada:hunt/er2@db/optuna", "no password"),
    ("postgresql://ada:1/hunter2@db/optuna", "no password"),
    ("postgresql://ada:hunter2?x=@db/optuna", "no password"),
    ("postgresql://ada:1?hunter2@db/optuna", "no password"),
    ("postgresql://ada:hunter2%40db/optuna", "no password"),
    ("postgresql://db:5432:hunter2/optuna", "no password"),
    ("postgresql://db/optuna?password=hunter2", "no password.*pgpass"),
    ("postgresql://db/optuna?PassWord=hunter2", "no password"),
    ("postgresql://db/optuna?%70assword=hunter2", "no password"),
    ("postgresql://db/optuna?sslmode=require&password=hunter2", "no password"),
    ("postgresql://db/optuna?sslkey=/k&sslpassword=hunter2", "no password"),
    ("postgresql://db/optuna?sslmode=require;password=hunter2", "value of its kind"),
    ("postgresql://db/optuna?dbname=postgresql://a:hunter2%40db/x", "'dbname'.*Valid: application_name"),
    ("postgresql://db/optuna?user=ada", "'user'"),
    ("postgresql://db/optuna?service=hunter2", "'service'"),
    ("postgresql://db/optuna?options=-cpassword%3Dhunter2", "value of its kind"),
    ("postgresql://db/optuna?host=ada:hunter2%40db", "value of its kind"),
    ("postgresql://db/optuna?passfile=hunter2", "value of its kind"),
    ("postgresql://db/optuna?sslmode=require&sslmode=disable", "once"),
    ("postgresql://db/optuna?sslmode", "value of its kind"),
    ("postgresql://db/optuna?sslmode=require&", "KEY=VALUE"),
    ("postgresql://db/optuna#hunter2", "no spaces"),
    ("postgresql://db/opt una", "no spaces"),
    (" postgresql://db/optuna", "must begin"),
    ("postgresql://db/optuna\n", "no spaces"),
    ("postgresql://db", "must name it"),
    ("postgresql://db/", "must name it"),
    ("postgresql://db/a/b", "must name it"),
    ("postgresql://db/{SCHEMA_VERSION}", "must name it"),
    ("postgresql://a{0}b@db/optuna", "a user before @"),
    ("postgresql://@db/optuna", "a user before @"),
    ("postgresql://db:port/optuna", "no password"),
    ("postgresql://db1,db2/optuna", "must have a host"),
    ("postgresql+psycopg2://db/optuna", "psycopg 3"),
    ("postgresql+asyncpg://db/optuna", "psycopg 3"),
    ("postgres://ada:hunter2@db/optuna", "'postgres'.*Write postgresql://"),
    ("PostgreSQL://db/optuna", "must begin"),
    ("mysql+pymysql://ada:hunter2@db/optuna", "'mysql.pymysql'.*ever tested"),
    ("sqlite:////studies/optuna.db", "'sqlite'.*leave the setting away"),
    ("sqlite:///hunter2@x", "leave the setting away"),
    ("ada:hunter2@db/optuna", "must begin"),
    ("redis://db/1", "'redis'"),
    ("/studies/optuna.db", "must begin"),
    ("", "must begin"),
]


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_taken_as_it_is_whichever_of_the_two_schemes_it_has(url):
    assert check_url(url) == url
    assert check_url(url.replace("postgresql:", "postgresql+psycopg:")) == url


@pytest.mark.parametrize(("url", "phrase"), HOSTILE)
def test_any_other_address_is_refused_without_repeating_a_password(url, phrase):
    with pytest.raises(ConfigError, match=phrase) as caught:
        check_url(url)
    assert "hunter2" not in str(caught.value) and "er2" not in str(caught.value)


PIECES = st.sampled_from(
    ["ada", "@", ":", "/", "?", "&", "=", "%40", "%3A", ";", "db", "optuna", "sslmode", "password"]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=8), st.sampled_from(["", "/optuna", "/optuna?sslmode=require"]))
def test_no_accepted_address_gives_a_connection_a_password(pieces, rest):
    try:
        url = sqlalchemy.make_url(check_url("postgresql://" + "".join(pieces) + rest))
    except ConfigError:
        return
    assert url.password is None and not any("password" in key for key in url.query)
    assert ":" not in (url.username or "") and "@" not in f"{url.host}{url.database}"


def test_without_an_address_the_trials_are_in_the_folder(tmp_path):
    assert settle(tmp_path, "demo") == find(tmp_path, "demo") == Place("sqlite", str(tmp_path / "optuna.db"), "demo")
    keep(tmp_path, find(tmp_path, "demo"))
    assert list(tmp_path.iterdir()) == []


def test_two_studies_of_one_name_have_different_ones_in_the_database(tmp_path):
    folders = [tmp_path / "ada", tmp_path / "grace"]
    for folder in folders:
        folder.mkdir()
    first, second = (settle(folder, "demo", URL) for folder in folders)
    assert first.study != second.study and first.study.startswith("demo-") and len(first.study) == 13


def test_an_address_counts_once_the_study_was_made_there_and_the_name_is_drawn_once(tmp_path):
    mistyped = settle(tmp_path, "demo", OTHER)
    assert find(tmp_path, "demo").kind == "sqlite"
    place = settle(tmp_path, "demo", URL)
    assert (place.address, place.study) == (URL, mistyped.study)
    keep(tmp_path, place)
    assert find(tmp_path, "demo") == place
    assert orjson.loads((tmp_path / "storage.json").read_bytes()) == {"schema": 1, "study": place.study, "url": URL}
    assert [path.name for path in tmp_path.iterdir()] == ["storage.json"]


def test_a_settled_place_is_moved_by_no_default_and_refuses_another_one(tmp_path):
    place = settle(tmp_path, "demo", default=URL)
    keep(tmp_path, place)
    assert settle(tmp_path, "demo") == settle(tmp_path, "demo", default=OTHER) == place
    assert settle(tmp_path, "demo", url=URL.replace("postgresql:", "postgresql+psycopg:")) == place
    with pytest.raises(StudyError, match=r"must stay where they are, in .*db\.example\.org.*got .*elsewhere"):
        settle(tmp_path, "demo", url=OTHER)


def test_a_study_in_its_folder_stays_there(tmp_path):
    (tmp_path / "optuna.db").write_bytes(b"")
    assert settle(tmp_path, "demo", default=URL).kind == "sqlite"
    with pytest.raises(StudyError, match=r"must stay where they are, in .*optuna\.db"):
        settle(tmp_path, "demo", url=URL)


def test_what_is_asked_for_goes_before_the_default(tmp_path):
    assert settle(tmp_path, "demo", url=URL, default=OTHER).address == URL
    with pytest.raises(ConfigError, match="no password"):
        settle(tmp_path, "demo", default="postgresql://ada:pw@db/optuna")


def test_a_kill_while_the_address_is_written_leaves_what_was_there(tmp_path, monkeypatch):
    settled = settle(tmp_path, "demo", URL)

    def killed(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path, settled)
    monkeypatch.undo()
    assert settle(tmp_path, "demo", URL) == settled and find(tmp_path, "demo").kind == "sqlite"


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"", "readable JSON"),
        (b"[]", "schema 1; got None"),
        (b'{"schema":2,"study":"demo-1"}', "schema 1; got 2"),
        (b'{"schema":1}', "must hold the texts"),
        (b'{"schema":1,"study":"demo-1","url":5}', "must hold the texts"),
        (b'{"schema":1,"study":"demo-1","url":"postgresql://db/x","path":""}', "must hold the texts"),
    ],
)
def test_a_damaged_file_is_refused_and_not_taken_for_none(tmp_path, content, phrase):
    (tmp_path / place.FILE).write_bytes(content)
    for look in (find, settle):
        with pytest.raises(StudyError, match=phrase):
            look(tmp_path, "demo")


def test_a_password_written_into_the_file_is_refused(tmp_path):
    (tmp_path / place.FILE).write_bytes(b'{"schema":1,"study":"demo-1","url":"postgresql://ada:hunter2@db/x"}')
    with pytest.raises(ConfigError, match="no password"):
        find(tmp_path, "demo")
