import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.partition import epoch_partitions, partition
from harness.core.rng import generator
from harness.errors import InputError

ROWS = st.sets(st.integers(0, 10_000), max_size=70).map(lambda rows: np.array(sorted(rows), dtype=np.int64))
PARTS = st.integers(1, 20)


def rng(step=1):
    return generator(0, step, "partition")


@given(ROWS, PARTS)
def test_every_row_exactly_once(rows, parts):
    flat = [row for batch in partition(rows, parts, rng()) for row in batch]
    assert sorted(flat) == sorted(rows)


@given(ROWS, PARTS)
def test_exactly_that_many_parts_of_even_size(rows, parts):
    sizes = [len(batch) for batch in partition(rows, parts, rng())]
    assert len(sizes) == min(parts, len(rows))
    assert not sizes or (max(sizes) - min(sizes) <= 1 and min(sizes) >= 1)


def test_fewer_rows_than_parts_are_singletons():
    assert sorted(batch.tolist() for batch in partition(np.array([4, 9]), 16, rng())) == [[4], [9]]


def test_no_rows_no_updates():
    assert partition(np.array([], dtype=np.int64), 4, rng()) == []


@given(ROWS, PARTS, st.integers(1, 4))
def test_each_epoch_covers_the_rows_once(rows, parts, epochs):
    batches = epoch_partitions(rows, parts, epochs, seed=1, step=2)
    per_epoch = min(parts, len(rows))
    assert len(batches) == epochs * per_epoch
    for epoch in range(epochs):
        flat = [row for batch in batches[epoch * per_epoch : (epoch + 1) * per_epoch] for row in batch]
        assert sorted(flat) == sorted(rows)


def test_epochs_and_steps_are_shuffled_anew_and_a_resumed_step_as_before():
    def order(step):
        return [batch.tolist() for batch in epoch_partitions(np.arange(64), 4, 2, seed=1, step=step)]

    first, again, later = order(5), order(5), order(6)
    assert first == again
    assert first != later
    assert first[:4] != first[4:]


def test_each_row_is_in_the_first_part_equally_often():
    counts = np.zeros(8)
    for step in range(4000):
        counts[partition(np.arange(8), 4, rng(step))[0]] += 1
    assert np.sum((counts - 1000) ** 2 / 1000) < 7 + 5 * np.sqrt(14)


@pytest.mark.parametrize(
    ("rows", "parts", "message"),
    [
        ([1, 1], 2, "rows must be distinct"),
        ([0.0, 1.0], 2, "integers of shape"),
        ([True, False], 2, "integers of shape"),
        ([0, 1], 0, "mini-batches must be a whole number of at least 1; got 0"),
    ],
)
def test_refused(rows, parts, message):
    with pytest.raises(InputError, match=message):
        partition(np.array(rows), parts, rng())


def test_zero_epochs_are_refused():
    with pytest.raises(InputError, match="epochs must be"):
        epoch_partitions(np.arange(3), 1, 0, seed=1, step=1)
