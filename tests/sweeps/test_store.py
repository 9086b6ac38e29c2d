"""The store: enqueued once, resumed whole, read without writing."""

import os
import sqlite3
import threading

import optuna
import pytest
from fake_study import study

from harness.config.study import Point
from harness.errors import StudyError
from sweeps.plan import points
from sweeps.storage.place import SQLITE, Place
from sweeps.storage.reading import read_trials as read_in
from sweeps.storage.store import Store, make
from sweeps.trials import TrialState

SPACE = {
    "family": {"choices": ["linear", "cosine"]},
    "lr": {"low": 1e-5, "high": 1e-3, "log": True},
    "epochs": {"low": 1, "high": 4},
    "start": {"low": 0.2, "high": 0.6, "step": 0.2},
}


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "it's 100% a?b {c}#d"
    folder.mkdir()
    return folder / "optuna.db"


def opened(path, config):
    """The store of the study, made there at its first opening."""
    place = Place(SQLITE, str(path), config.name)
    make(place, config)
    return Store(place, config)


def read_trials(path, name):
    return read_in(Place(SQLITE, str(path), name))


def indexed(config):
    return dict(enumerate(points(config)))


def drawn_study(n_trials=3, sampler="tpe", *trials):
    return study(*trials, space=SPACE, sampler=sampler, n_trials=n_trials)


def test_points_are_enqueued_once_and_asked_for_in_order(path):
    config = study("x=1", "x=2")
    for _ in range(2):
        store = opened(path, config)
        store.enqueue(indexed(config))
        store.close()
    store = opened(path, config)
    assert [trial.state for trial in store.trials()] == [TrialState.WAITING] * 2
    assert [store.ask().overrides, store.ask().overrides, store.ask()] == [("x=1",), ("x=2",), None]
    assert [path.name for path in path.parent.iterdir()] == ["optuna.db"]


def test_an_enqueueing_that_was_killed_is_finished(path):
    config = study("x=1", "x=2")
    opened(path, config).enqueue({0: points(config)[0]})
    store = opened(path, config)
    store.enqueue(indexed(config))
    assert [trial.title for trial in store.trials()] == ["trial x=1", "trial x=2"]


def test_values_and_reasons_come_back(path):
    config = study("x=1", "x=2")
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.tell(store.ask(), [{1: 1.0, 2: 3.0}])
    store.tell_failed(store.ask(), "why")
    first, second = read_trials(path, "fake")
    assert (first.state, first.value, first.values) == (TrialState.COMPLETE, 2.0, {1: 1.0, 2: 3.0})
    assert (second.state, second.value, second.reason) == (TrialState.FAILED, None, "why")


def test_the_database_is_an_ordinary_one_of_optunas(tmp_path):
    config = study("x=1")
    store = opened(tmp_path / "optuna.db", config)
    store.enqueue(indexed(config))
    store.tell(store.ask(), [{1: 1.0, 2: 3.0}])
    (trial,) = optuna.load_study(study_name="fake", storage=f"sqlite:///{tmp_path}/optuna.db").trials
    assert trial.value == 2.0
    assert trial.user_attrs.items() >= {"n": 2, "overrides": ["x=1"], "title": "trial x=1"}.items()


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_drawn_parameters_become_overrides(path, sampler):
    store = opened(path, drawn_study(3, sampler, "x=1"))
    store.enqueue({0: Point("x", ("x=1",))})
    drawn = [trial for trial in iter(store.ask, None)]
    assert len(drawn) == 4
    for trial in drawn[1:]:
        keys, values = zip(*(text.split("=") for text in trial.overrides), strict=True)
        assert keys == tuple(SPACE)
        assert values[0] in ("linear", "cosine") and 1e-5 <= float(values[1]) <= 1e-3
        assert values[2] in ("1", "2", "3", "4") and values[3] in ("0.2", "0.4", "0.6")


def test_an_ask_that_an_older_version_left_without_parameters_fails_and_can_be_retried(path):
    config = drawn_study(2)
    store = opened(path, config)
    store._study.ask()  # it was killed before it drew them
    store.close()
    store = opened(path, config)
    assert store.running() == []
    (trial,) = store.trials()
    assert trial.state is TrialState.FAILED and "older version" in trial.reason


def test_a_drawn_trial_is_whole_for_the_next_driver(path):
    config = drawn_study(2)
    asked = opened(path, config).ask(lambda point: "a key")
    (trial,) = opened(path, config).running()
    assert trial == asked and len(trial.overrides) == 4 and trial.key == "a key"


def test_a_refused_draw_leaves_no_trace(path):
    store = opened(path, drawn_study(3, "random"))
    refused = []

    def accept(point):
        refused.append(point)
        return None if len(refused) <= 3 else str(len(refused))

    assert store.ask(accept).key == "4"
    assert len(store.trials()) == 1


def test_a_promotion_never_hides_the_value_that_a_configuration_has(path):
    config = study("x=1", promotion={"keep": 2, "rungs": [[3, 4]]})
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.tell(store.ask(), [{1: 1.0, 2: 3.0}])
    promoted = store.promote(store.trials()[0], (1, 2, 3, 4), 1)
    assert (promoted.origin, promoted.rung, promoted.seeds, promoted.value) == (0, 1, (1, 2, 3, 4), None)
    for end in (None, "why"):
        if end is not None:
            store.tell_failed(promoted, end)
        (shown,) = store.trials()
        assert (shown.value, shown.values, shown.rung) == (2.0, {1: 1.0, 2: 3.0}, 1)
    assert [seen.state for seen in store._seen()] == [TrialState.COMPLETE]
    store.enqueue_retries(lambda trial: {3: 1})
    again = store.ask()
    assert (again.rung, again.seeds) == (1, (1, 2, 3, 4))
    store.tell(again, [{1: 1.0, 2: 3.0, 3: 5.0, 4: 7.0}])
    assert store.trials()[0].value == 4.0


def test_a_pruned_trial_is_revived_by_its_name_alone_and_spared(path):
    config = study("x=1", "x=2")
    store = opened(path, config)
    store.enqueue(indexed(config))
    pruned = store.ask()
    store.report(pruned, 3, 0.5)
    store.tell_pruned(pruned, "halving")
    (shown, _) = store.trials()
    assert (shown.state, shown.reason, shown.reports) == (TrialState.PRUNED, "halving", {3: 0.5})
    assert store.enqueue_retries(lambda trial: {}) == []
    assert store.enqueue_retries(lambda trial: {}, {"t0000"}) == [shown]
    assert [trial.spared for trial in store.trials()] == [True, False]


def test_a_listed_point_of_the_space_teaches_the_sampler(path):
    listed = ("family=cosine", "lr=0.0001", "epochs=2", "start=0.4")
    config = study(" ".join(listed), "x=1", space=SPACE, n_trials=3)
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.tell(store.ask(), [{1: 1.0}])
    store.tell(store.ask(), [{1: 1.0}])
    inside, outside = store._seen()
    assert inside.params == {"family": "cosine", "lr": 0.0001, "epochs": 2, "start": 0.4} and outside.params == {}


def test_several_objectives_are_told_and_come_back(path):
    config = study("x=1", also=[{"metric": "cost", "direction": "minimize"}])
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.tell(store.ask(), [{1: 1.0, 2: 3.0}, {1: 7.0, 2: 9.0}])
    (trial,) = read_trials(path, "fake")
    assert (trial.value, trial.also) == (2.0, ({1: 7.0, 2: 9.0},))
    (frozen,) = store._study.trials
    assert frozen.values == [2.0, 8.0]


def test_a_restart_does_not_draw_the_same_points_again(path):
    drawn = set()
    for _ in range(3):
        store = opened(path, drawn_study(3, "random"))
        drawn.add(store.ask().overrides)
        store.close()
    assert len(drawn) == 3


def test_a_retry_takes_the_place_and_the_parameters_of_what_failed(path):
    config = drawn_study(1)
    store = opened(path, config)
    failed = store.ask()
    store.tell_failed(failed, "why")
    for _ in range(2):
        store.enqueue_retries(lambda trial: {1: 2, 2: 1})
    (waiting,) = store.trials()
    assert (waiting.origin, waiting.number, waiting.state) == (0, 1, TrialState.WAITING)
    retry = store.ask()
    assert retry.name == failed.name and retry.overrides == failed.overrides
    assert (failed.attempts, retry.attempts) == ({}, {1: 2, 2: 1})
    assert retry.run_name(7) == "t0000-s7" and store.ask() is None


def test_what_is_left_of_a_killed_creation_does_no_harm(path):
    (path.parent / ".optuna.db.tmp").write_bytes(b"half a database")
    assert read_trials(path, "fake") == []
    assert opened(path, study("x=1")).trials() == []


def test_a_commit_that_was_killed_is_no_crash_for_a_reader_and_rolled_back_by_the_next_driver(path, monkeypatch):
    config = study("x=1")
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.close()
    leave_hot_journal(path)
    monkeypatch.setattr("sweeps.storage.reading.READ_PATIENCE_S", 0.1)
    with pytest.raises(StudyError, match=r"must be readable.*readonly database.*Start the sweep again"):
        read_trials(path, "fake")
    opened(path, config).close()
    assert len(read_trials(path, "fake")) == 1


def test_a_reader_outlasts_a_commit(path):
    config = study("x=1")
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(b"")
    threading.Timer(0.2, path.write_bytes, [whole]).start()
    assert len(read_trials(path, "fake")) == 1


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_damaged_database_is_refused(path, content, monkeypatch):
    monkeypatch.setattr("sweeps.storage.reading.READ_PATIENCE_S", 0.0)
    path.write_bytes(content)
    with pytest.raises(StudyError, match="must be readable"):
        read_trials(path, "fake")


def leave_hot_journal(path):
    """The database as a kill -9 inside a commit leaves it: pages overwritten, the old ones in the journal."""
    journal = path.with_name(f"{path.name}-journal")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")  # pages reach the file before the commit
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE trial_user_attributes SET value_json = ?", ["x" * 100_000])
    connection.execute("CREATE TABLE filler AS SELECT randomblob(100000)")
    left = {file: file.read_bytes() for file in (path, journal)}
    connection.execute("ROLLBACK")
    connection.close()
    for file, content in left.items():
        file.write_bytes(content)


def test_reading_does_not_write(path):
    config = study("x=1")
    store = opened(path, config)
    store.enqueue(indexed(config))
    store.close()
    path.parent.chmod(0o500)
    before = path.read_bytes(), os.stat(path).st_mtime_ns
    try:
        assert len(read_trials(path, "fake")) == 1
    finally:
        path.parent.chmod(0o700)
    assert (path.read_bytes(), os.stat(path).st_mtime_ns) == before


def test_of_many_points_some_wait_and_all_are_asked_for_in_order(path):
    many = study(*[f"x={x}" for x in range(150)])
    store = opened(path, many)
    store.enqueue(indexed(many))
    assert len(store.trials()) == 64
    asked = [store.ask().overrides for _ in range(100)]
    waiting = sum(trial.state is TrialState.WAITING for trial in store.trials())
    assert 0 < waiting <= 64, "as long as points are left, a study shows some"
    store.close()
    store = opened(path, many)  # another driver
    store.enqueue(indexed(many))
    asked += [trial.overrides for trial in iter(store.ask, None)]
    assert asked == [(f"x={x}",) for x in range(150)]
    assert len(store.trials()) == 150


def test_points_come_before_what_the_sampler_draws_however_many_they_are(path):
    config = study(*[f"x={x}" for x in range(70)], space=SPACE, sampler="random", n_trials=3)
    store = opened(path, config)
    store.enqueue(indexed(config))
    asked = [trial.overrides for trial in iter(store.ask, None)]
    assert asked[:70] == [(f"x={x}",) for x in range(70)] and len(asked) == 73
