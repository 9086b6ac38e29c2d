"""From what a person types to studies and runs: a path, a study's name, STUDY/t0003-s1, or t0003-s1 alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from harness.errors import RunFolderError, StudyError
from harness.runs import RunFolder
from sweeps.folder import StudyFolder

STUDIES = Path("studies")
"""Where a study is looked up by its name: the folder that `entrocraft sweep` makes."""

RUN_NAME = re.compile(r"t\d{4,}-s\d+")


def is_study(path: Path) -> bool:
    return os.path.isfile(path / "study.json")  # False, too, for a name that no file can have


def is_run(path: Path) -> bool:
    return os.path.isfile(path / "manifest.json")


def study_at(text: str) -> StudyFolder | None:
    """The study at a path or, for a bare name, below ./studies; None where there is none."""
    if not text:
        return None
    places = [Path(text), *([STUDIES / text] if os.sep not in text else [])]
    return next((StudyFolder(place) for place in places if is_study(place)), None)


def study_of(run: RunFolder) -> StudyFolder | None:
    """The study that a run belongs to; None for a run of its own."""
    path = Path(os.path.abspath(run.path))
    return StudyFolder(path.parents[1]) if path.parent.name == "runs" and is_study(path.parents[1]) else None


def run_at(text: str, begun: bool = True) -> RunFolder:
    """The run that the text means. With `begun` False a run of a study that has no folder yet is one, too.

    Raises:
        RunFolderError: none, or several.
    """
    if not text:
        raise _no_run(text, [])
    path = Path(os.path.abspath(text))
    if is_run(path) or (not begun and path.parent.name == "runs" and _knows(path.parents[1], path.name)):
        return RunFolder(path)
    head, _, name = text.rstrip(os.sep).rpartition(os.sep)
    studies = [study] if (study := study_at(head)) is not None else studies_here() if not head else []
    found = [study.runs_path / name for study in studies if _has(study, name, begun)]
    if len(found) == 1:
        return RunFolder(found[0])
    if found:
        names = ", ".join(repr(str(study.path.name)) for study in studies if _has(study, name, begun))
        raise RunFolderError(
            "a run's name must mean one run", f"{text!r}, which the studies {names} have", f"Give STUDY/{name}."
        )
    raise _no_run(name, [run for study in studies for run in _names(study)])


def runs_of_trial(text: str) -> list[RunFolder]:
    """The runs of a trial: of `STUDY/t0003`, or of `t0003` where there is one study here; of another text none."""
    head, _, name = text.rstrip(os.sep).rpartition(os.sep)
    if not re.fullmatch(r"t\d{4,}", name):
        return []
    studies = [study] if (study := study_at(head)) is not None else studies_here() if not head else []
    if len(studies) != 1:
        return []
    return [RunFolder(path) for path in sorted(studies[0].runs_path.glob(f"{name}-s*"))]


def studies_here() -> list[StudyFolder]:
    """The study that the present folder is, and those below ./studies and directly below the present folder."""
    here = Path()
    places = [here, *_folders(STUDIES), *_folders(here)]
    return [StudyFolder(place) for place in places if is_study(place)]


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []


def _has(study: StudyFolder, name: str, begun: bool) -> bool:
    if RUN_NAME.fullmatch(name) is None:
        return False
    return is_run(study.runs_path / name) or (not begun and name in planned(study))


def _knows(path: Path, run: str) -> bool:
    return is_study(path) and _has(StudyFolder(path), run, begun=False)


def planned(study: StudyFolder) -> list[str]:
    """The names of all runs of a study that are known so far, those not begun included."""
    from sweeps.status import shown_study

    return [run.name for trial in shown_study(study.path).trials for run in trial.runs]


def _names(study: StudyFolder) -> list[str]:
    return [path.name for path in _folders(study.runs_path)]


def _no_run(text: str, names: Iterable[str]) -> RunFolderError:
    near = get_close_matches(text, list(names), n=1)
    return RunFolderError(
        "a run must be given: the folder of one, STUDY/t0003-s1, or t0003-s1 with one study around",
        repr(text),
        f"Did you mean {near[0]!r}?" if near else "Look them up: entrocraft status.",
    )


def plain(text: str) -> str:
    """Without characters that act on a terminal: a name or a reason is somebody's free text."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def no_study(text: str) -> StudyError:
    """The refusal of what is no study, for the caller to raise."""
    names = [study.path.name for study in studies_here()]
    near = get_close_matches(text, names, n=1)
    listed = f"Here: {', '.join(map(repr, names))}." if names else "None is here; start one: entrocraft sweep."
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return StudyError("a study must be given: its folder, or its name below ./studies", repr(text), hint + listed)
