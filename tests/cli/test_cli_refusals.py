"""What the command line says to bad input: one message on stderr, exit 2, no traceback."""

from __future__ import annotations

import pytest

from harness.cli.main import COMMANDS, main

REFUSED = [
    ("run method=entrocraft", "'entrocraft' controls entropy and needs a schedule"),
    ("run trainer.stepz=3", "Did you mean 'steps'?"),
    ("sweep", "a sweep needs one study"),
    ("sweep study=dmeo", "Did you mean 'demo'?"),
    ("sweep study=demo method.gamma=3", "must not change what a trial sets itself"),
    ("status /nowhere/at/all", "'/nowhere/at/all'"),
    ("status --watch", "must draw on a terminal; got another output"),
    ("status --watch --json", "must draw on a terminal"),
    ("status --watch 0", "at most every 0.5 s; got 0 s"),
    ("status --watch nan", "got nan s"),
    ("logs t0003-s1", "a run must be given"),
    ("logs /nowhere/t0003-s1", "a run must be given"),
    ("cancel nothing --yes", "got 'nothing'"),
    ("retry", "a retry needs a run, a study or --failed"),
    ("retry --failed", "--failed needs one study; got none"),
    ("retry --failed nothing", "None is here"),
    ("schedule preview", "a preview needs a schedule"),
    ("schedule preview schedule=constant schedule.start=.5 --out x.jpeg", ".jpeg"),
    ("compare /nowhere/at/all", "/nowhere/at/all"),
    ("figures /nowhere/at/all --out x", "/nowhere/at/all"),
]


@pytest.mark.parametrize(("line", "phrase"), REFUSED, ids=[line for line, _ in REFUSED])
def test_is_one_message_without_a_traceback(line: str, phrase: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("entrocraft: ")
    assert phrase in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("line", ["run --fast", "methods extra=1", "status --wach", "nothing", ""])
def test_unknown_arguments_are_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 2
    assert "entrocraft" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f"  entrocraft {command}" in text.split("example", 1)[1]


def test_overrides_may_stand_on_both_sides_of_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "seed=3", "--dry-run", "trainer.steps=7"]) == 0
    printed = capsys.readouterr().out
    assert "seed: 3" in printed and "steps: 7" in printed


def test_an_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.config.resolve", lambda overrides: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["run"])
