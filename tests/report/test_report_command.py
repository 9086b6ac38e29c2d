"""`entrocraft report`, on a real (fake) study."""

import pytest
from fake_study import run, study

from harness.cli import report
from harness.cli.main import main


@pytest.fixture
def folder(tmp_path):
    run(study("x=0", base=["steps=2"], seeds=[1]), tmp_path / "studies" / "s")
    return tmp_path / "studies" / "s"


def test_the_page_of_a_study_by_name_and_by_folder(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "s"]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    page = (folder / "report.html").read_text()
    assert "<title>A study of fakes (fake)</title>" in page and "refresh" not in page and "job-h" in page
    assert main(["report", str(folder), "--out", "new/a page.html"]) == 0
    assert (tmp_path / "new" / "a page.html").is_file()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_watched_study_is_written_until_it_is_over(folder, monkeypatch, capsys):
    """Each wait is the occasion for the study to go on: here it ends during the second one."""
    out, pages = folder / "report.html", []

    def wait(seconds):
        pages.append((seconds, out.read_text()))
        if len(pages) == 2:
            (folder / "cancelled").write_text("by a test")

    monkeypatch.setattr(report.time, "sleep", wait)
    (folder / "ended.json").unlink()
    definition = folder / "study.json"
    definition.write_text(definition.read_text().replace('"points": [', '"points": [{}, '))  # one more is to come
    assert main(["report", str(folder), "--watch", "7"]) == 0
    assert [seconds for seconds, _ in pages] == [7.0, 7.0]
    assert all('http-equiv="refresh" content="7"' in page for _, page in pages)
    assert "refresh" not in out.read_text() and "by a test" in out.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "a study must be given"),
        (["{study}", "--watch", "0"], "at least 2 s"),
        (["{study}", "--watch", "nan"], "at least 2 s"),
        (["{study}", "--out", "{study}"], "the name of a file"),
        (["{study}", "--out", "/dev/null/x"], "must be written somewhere"),
    ],
)
def test_what_cannot_be_is_refused(folder, words, said, capsys):
    assert main(["report", *(word.format(study=folder) for word in words)]) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "report.html").exists()
