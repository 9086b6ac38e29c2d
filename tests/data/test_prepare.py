"""From small local files to parquet in verl's schema: rows, ids, what is dropped, counts, and the manifest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_sources import read, rows_of, word_tokenizer, write

from harness.data import DATASETS, Prepared, prepare
from harness.data.digest import file_digest
from harness.data.manifest import DataManifest
from harness.data.prepared import state
from harness.data.rows import INSTRUCTION, SYSTEM_PROMPT
from harness.errors import DataError

TRAINING = ("numina-100k", "numina-full")
AUTHORS_ORDER_OF_12 = [0, 7, 6, 9, 11, 3, 5, 2, 4, 10, 1, 8]
"""What `datasets` 5.2.0 gives for Dataset.shuffle(seed=42) of 12 rows."""


def small(name: str, tmp_path: Path, rows: list[dict] | None = None, **options: object) -> Prepared:
    source = write(rows_of(name, 5) if rows is None else rows, tmp_path / "source" / "rows.jsonl")
    options = {"local": [source], "allow_count": True, **options}
    return prepare(DATASETS[name], tmp_path / "data", **options)[0]


@pytest.mark.parametrize("name", DATASETS)
def test_rows_have_verls_schema(name: str, tmp_path: Path) -> None:
    done = small(name, tmp_path)
    assert done.path == tmp_path / "data" / f"{name}.parquet"
    rows = read(done.path)
    assert len(rows) == done.rows == 5
    training = name in TRAINING
    for row in rows:
        question = row["prompt"][-1]["content"].removesuffix(f" {INSTRUCTION}")
        number = int(question.removeprefix("What is $").split("+")[0])
        system = [{"role": "system", "content": SYSTEM_PROMPT}] if training else []
        problem_id = row["extra_info"]["problem_id"]
        assert row == {
            "data_source": "numina" if training else name,
            "prompt": [*system, {"role": "user", "content": f"What is ${number}+1$? {INSTRUCTION}"}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": str(number + 1)},
            "extra_info": {"split": "train" if training else "test", "problem_id": problem_id},
        }
        assert problem_id.startswith(f"{row['data_source']}/")
    assert len({row["extra_info"]["problem_id"] for row in rows}) == 5


def test_ids_are_the_data_sets_own_where_it_has_some(tmp_path: Path) -> None:
    ids = [row["extra_info"]["problem_id"] for row in read(small("math500", tmp_path).path)]
    assert ids == [f"math500/test/algebra/{i}.json" for i in range(1, 6)]
    assert read(small("aime25", tmp_path).path)[2]["extra_info"]["problem_id"] == "aime25/3"


def test_other_ids_depend_on_the_problem_alone(tmp_path: Path) -> None:
    rows = rows_of("amc23", 3)
    first = read(small("amc23", tmp_path, rows).path)
    rows = [{**row, "problem": "  " + row["problem"].replace(" ", "\n ")} for row in reversed(rows)]
    again = read(small("amc23", tmp_path, rows, force=True).path)
    ids = [[row["extra_info"]["problem_id"] for row in each] for each in (first, again)]
    assert ids[0] == ids[1][::-1]


def test_ids_must_differ(tmp_path: Path) -> None:
    rows = [{**row, "id": 7} for row in rows_of("aime26", 2)]
    with pytest.raises(DataError, match="ids of a data set must differ; got '7' in rows 1 and 2 of aime26"):
        small("aime26", tmp_path, rows)


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "json", "csv"])
def test_every_form_of_a_source_gives_the_same_rows(suffix: str, tmp_path: Path) -> None:
    source = write(rows_of("math500", 5), tmp_path / f"x.{suffix}")
    expected = read(small("math500", tmp_path).path)
    assert read(small("math500", tmp_path, local=[source], force=True).path) == expected


def test_several_files_and_folders_are_read_in_order(tmp_path: Path) -> None:
    rows = rows_of("numina-full", 4)
    write(rows[:2], tmp_path / "mine" / "data" / "train-00000-of-00002.parquet")
    write(rows[2:], tmp_path / "mine" / "data" / "train-00001-of-00002.parquet")
    write(rows[:1], tmp_path / "mine" / "data" / "test-00000-of-00001.parquet")
    done = small("numina-full", tmp_path, local=[tmp_path / "mine"])
    assert [row["reward_model"]["ground_truth"] for row in read(done.path)] == ["1", "2", "3", "4"]
    assert list(done.manifest.source_sha256) == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]


def test_dropped_rows_are_counted_by_cause(tmp_path: Path, words: Path) -> None:
    texts = ["a " * 700, "b " * 701, "c", "c ", "d", "e", "f"]
    answers = ["1", "1", "1", "2", None, " ", "\\frac{1}{2}"]
    rows = [{"problem": text, "answer": answer} for text, answer in zip(texts, answers, strict=True)]
    done = small("numina-full", tmp_path, rows, tokenizer=words)
    assert done.manifest.dropped == {"too long": 1, "no answer": 2, "duplicate": 1}
    assert [row["reward_model"]["ground_truth"] for row in read(done.path)] == ["1", "1", "\\frac{1}{2}"]
    assert done.manifest.max_tokens == 700
    assert done.manifest.tokenizer_sha256 == file_digest(words / "tokenizer.json")


def test_no_benchmark_problem_is_dropped_for_its_length(tmp_path: Path, words: Path) -> None:
    done = small("amc23", tmp_path, [{"problem": "a " * 701, "answer": "1"}], tokenizer=words)
    assert (done.rows, done.manifest.tokenizer_sha256) == (1, None)


@pytest.mark.parametrize(
    ("answer", "text"), [("033", "033"), (70, "70"), (27.0, "27"), (0.5, "0.5"), (float("nan"), None), (" 3 ", "3")]
)
def test_answers_become_text(answer: object, text: str | None, tmp_path: Path) -> None:
    rows = [{"problem": "p", "answer": answer}, {"problem": "q", "answer": 1.0}]
    source = write(rows, tmp_path / ("x.jsonl" if isinstance(answer, str | int) else "x.parquet"))
    kept = [row["reward_model"]["ground_truth"] for row in read(small("amc23", tmp_path, local=[source]).path)]
    assert kept == ([text, "1"] if text else ["1"])


def test_the_subset_is_drawn_in_the_authors_order(tmp_path: Path) -> None:
    done = small("numina-100k", tmp_path, rows_of("numina-100k", 12))
    drawn = [int(row["reward_model"]["ground_truth"]) - 1 for row in read(done.path)]
    assert drawn == AUTHORS_ORDER_OF_12


def test_the_subset_stops_at_its_size_and_skips_what_it_cannot_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = replace(DATASETS["numina-100k"], subset=3, rows=(3, 3))
    rows = rows_of("numina-100k", 12)
    rows[AUTHORS_ORDER_OF_12[1]]["answer"] = ""
    rows[AUTHORS_ORDER_OF_12[2]]["problem"] = rows[AUTHORS_ORDER_OF_12[0]]["problem"]
    source = write(rows, tmp_path / "x.jsonl")
    done, _ = prepare(dataset, tmp_path / "data", local=[source])
    drawn = [int(row["reward_model"]["ground_truth"]) - 1 for row in read(done.path)]
    assert drawn == [AUTHORS_ORDER_OF_12[i] for i in (0, 3, 4)]
    assert done.manifest.dropped == {"too long": 0, "no answer": 1, "duplicate": 1}


def test_the_expected_number_of_rows_needs_no_override(tmp_path: Path) -> None:
    done = small("aime26", tmp_path, rows_of("aime26", 30), allow_count=False)
    assert (done.rows, done.manifest.count_allowed) == (30, False)


def test_another_number_of_rows_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"aime26 must have 30 rows; got 29 of 29 in rows.jsonl .*--allow-count"):
        small("aime26", tmp_path, rows_of("aime26", 29), allow_count=False)
    assert not (tmp_path / "data").exists()


def test_an_accepted_number_of_rows_is_noted(tmp_path: Path) -> None:
    small("aime26", tmp_path)
    manifest = json.loads((tmp_path / "data" / "aime26.manifest.json").read_text())
    assert (manifest["rows"], manifest["expected"], manifest["count_allowed"]) == (5, "30", True)


def test_the_manifest_says_where_the_rows_come_from(tmp_path: Path) -> None:
    done = small("math500", tmp_path)
    manifest = DataManifest.read(tmp_path / "data", "math500")
    assert manifest == done.manifest
    assert (manifest.repository, manifest.revision) == (None, None)
    assert manifest.source_sha256 == {"rows.jsonl": file_digest(tmp_path / "source" / "rows.jsonl")}
    assert manifest.parquet_sha256 == file_digest(done.path)
    assert manifest.system_prompt is None and manifest.instruction == INSTRUCTION


def test_what_is_prepared_stays_unless_forced(tmp_path: Path) -> None:
    first = small("amc23", tmp_path)
    source = [tmp_path / "source" / "rows.jsonl"]
    again, new = prepare(DATASETS["amc23"], tmp_path / "data", local=source)
    assert (again, new) == (first, False)
    _, new = prepare(DATASETS["amc23"], tmp_path / "data", local=source, force=True, allow_count=True)
    assert new


def test_prepared_data_is_not_replaced_by_another_unasked(tmp_path: Path, words: Path) -> None:
    small("numina-full", tmp_path, tokenizer=words)
    with pytest.raises(DataError, match=r"numina-full, prepared with other source files.*--force"):
        small("numina-full", tmp_path, rows_of("numina-full", 6))
    other = word_tokenizer(tmp_path / "other", unknown="<unk>")
    with pytest.raises(DataError, match=r"numina-full, prepared with another tokenizer.*--force"):
        small("numina-full", tmp_path, tokenizer=other)
    assert small("numina-full", tmp_path, tokenizer=words).rows == 5


def test_a_killed_preparation_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small("amc23", tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(DataManifest, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        small("amc23", tmp_path, force=True)
    assert state(tmp_path / "data", "amc23") is None
    assert small("amc23", tmp_path).rows == 5


BROKEN = [
    ("x.jsonl", '{"question": "q", "answer": "1"}\n', "needs the columns problem; got question, answer in x.jsonl"),
    ("x.jsonl", '{"problem": "q", "answer"\n', "must be readable as jsonl; got x.jsonl"),
    ("x.jsonl", '["q", "1"]\n', "a row must be an object"),
    ("x.jsonl", '{"problem": " ", "answer": "1"}\n', "must have a problem as text; got ' ' in row 1"),
    ("x.jsonl", '{"problem": "q", "answer": [1]}\n', r"must be a text or a number; got \[1\] in row 1"),
    ("x.jsonl", '{"problem": "q", "answer": ""}\n', "needs at least one row"),
    ("x.json", "[", "must be readable as json"),
    ("x.csv", "question,answer\nq,1\n", "needs the columns problem"),
    ("x.parquet", "no parquet", "must be readable as parquet; got x.parquet"),
    ("x.txt", "q", "a source must be a folder or a file of .parquet"),
]


@pytest.mark.parametrize(("name", "content", "phrase"), BROKEN)
def test_a_source_that_is_something_else_is_refused(name: str, content: str, phrase: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=phrase):
        small("amc23", tmp_path, local=[tmp_path / name])
    left = list((tmp_path / "data").iterdir()) if (tmp_path / "data").exists() else []
    assert left == []


def test_a_parquet_file_without_a_column_is_refused_with_those_it_has(tmp_path: Path) -> None:
    source = write([{"Problem": "q", "Answer": "1"}], tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"needs the columns problem, answer; got Problem, Answer in x.parquet"):
        small("aime24", tmp_path, local=[source])


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which does not exist"):
        small("amc23", tmp_path, local=[tmp_path / "gone.parquet"])
    write(rows_of("amc23", 2), tmp_path / "wrong" / "test.parquet")
    with pytest.raises(DataError, match=r"needs files named train\*.*got test.parquet in"):
        small("amc23", tmp_path, local=[tmp_path / "wrong"])


def test_a_tokenizer_folder_needs_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--tokenizer must be a model folder with tokenizer\.json"):
        small("numina-full", tmp_path, tokenizer=tmp_path)
