"""Columns of a sample file: the same numbers, and the same refusals in the same words, as reading every line whole."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sample_files import samples_frame
from harness.dumps import scan as SCAN
from harness.dumps.layouts import LAYOUTS, Layout
from harness.dumps.scan import Scanned, scan_file
from tests.dumps.oracle import slow_frame

STEP = 30

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ['"', '\\"', '", "correct": true, "x": "', "\\", '{"step": 1}', "\n\n", "\u2028", "é" * 9, "\U0001d54f", "]}", ""]
)
NESTED = st.recursive(
    TEXTS | st.integers(-(2**60), 2**60) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["correct", "step", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def files(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lines of one validation: problems x n, in any order, keys in any order, with fields that nobody reads."""
    problems = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    rows = []
    for source in draw(st.lists(TEXTS, min_size=1, max_size=2, unique=True)):
        for problem in problems:
            for sample in range(draw(st.just(2))):
                row: dict[str, Any] = {
                    "step": STEP,
                    "problem_id": problem,
                    "source": source,
                    "sample": sample,
                    "correct": draw(st.booleans()),
                    "score": draw(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)),
                    "prediction": draw(st.none() | TEXTS | st.integers(-9, 9)),
                    "input": draw(TEXTS),
                    "output": draw(TEXTS),
                    "extra": draw(NESTED),
                }
                keys = draw(st.permutations(list(row)))
                rows.append({key: row[key] for key in keys})
    return draw(st.permutations(rows))


def agree(path: Path) -> None:
    found = scan_file(path, STEP, LAYOUTS["own"])
    try:
        wanted = slow_frame(path, STEP)
    except ValueError as error:
        assert found.defect == str(error)
        assert not found.table.num_rows
        return
    assert found.defect == ""
    frame = samples_frame({"run": found.table}).drop(columns="run")
    pd.testing.assert_frame_equal(frame, wanted, check_exact=True)


@settings(deadline=None, max_examples=150)
@given(rows=files(), ascii_only=st.booleans(), block=st.sampled_from([64, 500, 1 << 18]))
def test_whole_files_give_the_same_frame(
    rows: list[dict[str, Any]], ascii_only: bool, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("dump") / "file.jsonl"
    lines = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    path.write_bytes(lines.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCAN, "BLOCK_BYTES", block)
        agree(path)


PIECES = [b"", b"\n", b'"', b"\\", b"{", b"}", b",", b"null", b"NaN", b"30.0", b"1e999", b"true", b"\0", b" ", b"\r\n"]


@settings(deadline=None, max_examples=300)
@given(rows=files(), data=st.data())
def test_damaged_files_are_refused_in_the_same_words(
    rows: list[dict[str, Any]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    begin = data.draw(st.integers(0, len(content)))
    end = min(len(content), begin + data.draw(st.integers(0, 12)))
    path = tmp_path_factory.mktemp("dump") / "file.jsonl"
    path.write_bytes(content[:begin] + data.draw(st.sampled_from(PIECES)) + content[end:])
    found = scan_file(path, STEP, LAYOUTS["own"])
    try:
        slow_frame(path, STEP)
    except ValueError as error:
        if "number is infinity" not in str(error):  # in a field that is not asked for, its size is nobody's concern
            assert found.defect, str(error)
    except (OverflowError, TypeError):  # a value that pandas cannot hold
        assert found.defect
    agree(path) if not found.defect else None


def line(**fields: Any) -> bytes:
    row = {"step": STEP, "problem_id": "p", "source": "s", "sample": 0, "correct": True, "score": 1.0,
           "prediction": "7", "input": "i", "output": "o"}  # fmt: skip
    return json.dumps({key: value for key, value in {**row, **fields}.items() if value is not ...}).encode() + b"\n"


BROKEN = {
    "empty": b"",
    "truncated": line()[:-1],
    "truncated later": line() + line(sample=1)[:40],
    "NaN": line(score=float("nan")),
    "blank line": line() + b"\n",
    "two records in a line": line()[:-1] + line(sample=1),
    "not a record": b"[1]\n",
    "not JSON": line() + b"{\n",
    "another step": line(step=29),
    "no verdict": line(correct=None),
    "verdict as a number": line(correct=1),
    "sample as a float": line(sample=0.0),
    "no problem": line(problem_id=...),
    "a number for a source": line(source=3),
    "twice": line() + line(),
    "uneven n": line() + line(problem_id="q") + line(problem_id="q", sample=1),
    "zeros after a crash": line() + bytes(100) + b"\n",
    "step as a float is the step": line(step=30.0),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_lines_are_told_as_before(name: str, tmp_path: Path) -> None:
    (tmp_path / "file.jsonl").write_bytes(BROKEN[name])
    agree(tmp_path / "file.jsonl")


def scanned(content: bytes, tmp_path: Path, layout: Layout = LAYOUTS["own"]) -> Scanned:
    (tmp_path / "file.jsonl").write_bytes(content)
    return scan_file(tmp_path / "file.jsonl", STEP, layout)


def test_a_number_that_fits_no_column_is_told(tmp_path: Path) -> None:
    assert "does not fit" in scanned(line(sample=2**63), tmp_path).defect


def test_an_empty_response_is_marked(tmp_path: Path) -> None:
    found = scanned(line(output="") + line(sample=1, output='""') + line(sample=2), tmp_path)
    assert found.table["empty"].to_pylist() == [True, False, False]


def test_a_damaged_text_that_is_not_read_changes_no_number(tmp_path: Path) -> None:
    found = scanned(line(output="abc").replace(b"abc", b"a\xffc"), tmp_path)
    assert found.defect == "" and found.table["correct"].to_pylist() == [True]


def test_lines_of_verl_are_numbered_as_they_come(tmp_path: Path) -> None:
    rows = [("p", 1.0), ("q", 0.0), ("p", False), ("q", True)]
    lines = [
        {"input": "i", "output": "", "gts": {"step": 3}, "score": -1, "step": STEP, "acc": acc, "pred": ""}
        | {"problem_id": problem, "source": "s"}
        for problem, acc in rows
    ]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in lines)
    table = scanned(content, tmp_path, LAYOUTS["verl"]).table
    assert table["sample"].to_pylist() == [0, 0, 1, 1]
    assert table["correct"].to_pylist() == [True, False, False, True]
    assert table["empty"].to_pylist() == [True] * 4
    half = content.replace(b'"acc": 0.0', b'"acc": 0.5')
    assert scanned(half, tmp_path, LAYOUTS["verl"]).defect == "line 2 has acc = 0.5, neither true nor false"


def test_lines_longer_than_the_buffer_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SCAN, "BLOCK_BYTES", 100)
    content = b"".join(line(sample=i, output="x" * (10 ** (i % 4))) for i in range(40))
    assert scanned(content, tmp_path).table["sample"].to_pylist() == list(range(40))


def test_the_digest_is_of_all_bytes(tmp_path: Path) -> None:
    for content in (line(), b"{\n" * 1000, b""):
        assert scanned(content, tmp_path).digest == f"xxh3_128:{xxhash.xxh3_128_hexdigest(content)}"


def test_many_samples_come_back_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    correct = rng.random(40_000) < 0.5
    content = b"".join(
        line(problem_id=f"p{i // 8}", sample=i % 8, correct=bool(right)) for i, right in enumerate(correct)
    )
    table = scanned(content, tmp_path).table
    np.testing.assert_array_equal(table["correct"].to_numpy(), correct)
    assert table["correct"].num_chunks == 1
