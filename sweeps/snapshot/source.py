"""Which files the code consists of, and what they hold now: of a checkout, of an installed wheel, of a snapshot.

Names are relative to the root, with "/"; bytes of a name that are not UTF-8 are surrogates (`os.fsdecode`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG, S_IXUSR
from typing import NoReturn

from harness.errors import StudyError
from harness.runs.provenance import SNAPSHOTS, GitError, git

PACKAGES = ("harness", "sweeps", "analysis", "paper_figures", "slurm")
PROJECT = "pyproject.toml"
CACHE = "__pycache__"
MAX_BYTES = 100_000_000
"""Of all files together; the packages have 4 MB."""


@dataclass(frozen=True)
class Entry:
    """A file as the digest sees it; `size` is in bytes, `sha256` in hex, `executable` by its owner."""

    name: str
    executable: bool
    sha256: str
    size: int


def digest(entries: Iterable[Entry]) -> str:
    """16 hex digits over name, mode and content of each file, whatever their order."""
    whole = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: os.fsencode(entry.name)):
        # A name has no NUL and what follows it has one length: two lists never give the same bytes.
        whole.update(os.fsencode(entry.name) + f"\0{'x' if entry.executable else '-'}{entry.sha256}".encode())
    return whole.hexdigest()[:16]


def code_names(root: Path) -> list[str]:
    """The files of the packages below `root`, a checkout when git's folder is there, else a site-packages.

    Of a checkout: what is tracked and not deleted, and what is neither tracked nor ignored, such as a method
    that is not added yet. Compiled files (__pycache__) are none of them. Of a snapshot: all, so that a driver which
    works from one takes the same again.

    Raises:
        StudyError: git cannot list the checkout, or a folder cannot be read.
    """
    if root.parent.name == SNAPSHOTS and root.with_name(f"{root.name}.json").is_file():
        return sorted(walk(root))
    if not (root / ".git").exists():
        return sorted(walk(root, [package for package in PACKAGES if (root / package).is_dir()]))
    try:
        listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PACKAGES, PROJECT)
    except GitError as error:
        raise StudyError(
            "a snapshot of a checkout needs git to list its files", str(error), "Make git work in the checkout."
        ) from error
    names = {name for name in listed.split("\0")[:-1] if CACHE not in name.split("/")}
    return sorted(name for name in names if os.path.lexists(root / name))


def walk(root: Path, tops: Sequence[str] = (".",)) -> Iterator[str]:
    """Every file below the folders `tops` of `root`, and every link to a folder; nothing in __pycache__."""
    for top in tops:
        for folder, folders, files in os.walk(root / top, onerror=_unreadable):
            folders[:] = [name for name in folders if name != CACHE]
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            yield from (os.path.relpath(os.path.join(folder, name), root) for name in [*files, *links])


def read(root: Path, names: Iterable[str]) -> dict[Entry, bytes]:
    """What the files hold. A link is read as the file that it leads to.

    Raises:
        StudyError: a file that cannot be read or is not a regular one, a submodule or another repository inside
            this one, a link that leads out of `root`, or more than MAX_BYTES in all.
    """
    files = {name: _regular(root.resolve(), name) for name in names}
    try:
        sizes = {name: path.stat().st_size for name, path in files.items()}
        if sum(sizes.values()) > MAX_BYTES:
            largest = max(sizes, key=lambda name: sizes[name])
            raise StudyError(
                f"the packages must have at most {MAX_BYTES} bytes in all, to be copied for a study",
                f"{sum(sizes.values())}, of which {largest!r} has {sizes[largest]}",
                "Move data and weights out of the packages, or have git ignore them.",
            )
        return dict(_loaded(name, path) for name, path in files.items())
    except OSError as error:
        _unreadable(error)


def _loaded(name: str, path: Path) -> tuple[Entry, bytes]:
    content = path.read_bytes()
    executable = bool(path.stat().st_mode & S_IXUSR)
    return Entry(name, executable, hashlib.sha256(content).hexdigest(), len(content)), content


def _regular(root: Path, name: str) -> Path:
    """The file behind a name, with links followed."""
    try:
        path = (root / name).resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise _refusal(name, f"which leads nowhere ({type(error).__name__})") from error
    if not path.is_relative_to(root):
        raise _refusal(name, "a link that leads out of the code")
    if S_ISDIR(mode):
        linked = (root / name).is_symlink()
        raise _refusal(name, "a link to a folder" if linked else "a folder: a submodule or another git repository")
    if not S_ISREG(mode):
        raise _refusal(name, "which is neither a file nor a link to one")
    return path


def _refusal(name: str, found: str) -> StudyError:
    return StudyError(
        "the packages must consist of regular files of one repository, to be copied for a study",
        f"{name!r}, {found}",
        "Put a copy in its place, remove it, or have git ignore it.",
    )


def _unreadable(error: OSError) -> NoReturn:
    raise StudyError("the files of the packages must be readable", str(error), "Let their owner read them.") from error
