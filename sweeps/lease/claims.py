"""The numbered claims in STUDY/driver/: the newest, and the next one, which only one process can make.

Claim n+1 is a whole file, written beside its name and given it by link(2), which succeeds once, on NFS too. Only
claims far older than the newest are removed. Whoever sleeps between his look and his link can make such a number
again; then it is not the newest, and he sees that.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StudyError
from sweeps.lease.claim import Claim, parse

FOLDER_NAME = "driver"
KEPT = 16
"""Claims that stay: those of more than 60 s, for which an NFS client may show an outdated listing. Whoever goes by
one asks for a number that is still taken."""

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK)


@dataclass(frozen=True)
class Seen:
    """The newest claim of a study: its number, 0 where there is none, and its content."""

    number: int
    content: bytes

    @property
    def claim(self) -> Claim | None:
        """None where there is none, or a damaged one."""
        return parse(self.content)

    def free(self) -> bool:
        """Whether anybody may make the next claim at once: there is none, it was released, its process is gone."""
        claim = self.claim
        return self.number == 0 or (claim is not None and (claim.released or claim.is_gone()))


class Claims:
    """The claims on the study in a folder."""

    def __init__(self, study: Path | str) -> None:
        self._folder = Path(study) / FOLDER_NAME

    def path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.json"

    def newest(self) -> Seen:
        while True:
            numbers = self._numbers()
            if not numbers:
                return Seen(0, b"")
            content = _read(self.path(numbers[-1]))
            if content is not None:
                return Seen(numbers[-1], content)

    def make(self, number: int, claim: Claim) -> bool:
        """Makes the claim of this number; False where that is taken, or not the newest.

        Raises:
            StudyError: the file system has no hard links.
            OSError: it refuses to write; whether the claim was made is not known then.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary, path = self._folder / f".{claim.token}.tmp", self.path(number)
        try:
            _write(temporary, claim.content())
            _link(temporary, path)
        except OSError as error:
            # On NFS the reply to a link that was made can get lost, and asked again it exists: the token tells whose.
            if _read(path) != claim.content():
                if error.errno in (errno.EEXIST, errno.ENOENT):  # ENOENT: a new owner has cleaned the folder
                    return False
                if error.errno in NO_LINKS:
                    raise StudyError(
                        f"the file system of {str(self._folder)!r} must have hard links",
                        str(error),
                        "Keep the studies on another one (--dir).",
                    ) from error
                raise
        finally:
            _remove(temporary)
        return self.newest().number == number

    def clean(self) -> None:
        """Removes old claims, oldest first, and what killed drivers left half-written."""
        numbers = self._numbers()
        for number in numbers:
            if number <= numbers[-1] - KEPT:
                _remove(self.path(number))
        for name in _names(self._folder):
            if name.startswith(".") and name.endswith(".tmp"):
                _remove(self._folder / name)

    def _numbers(self) -> list[int]:
        """Rising. Opening the folder makes an NFS client ask the server whether it has changed (close-to-open)."""
        return sorted(int(name[:-5]) for name in _names(self._folder) if name.endswith(".json") and name[:-5].isdigit())


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _read(path: Path) -> bytes | None:
    """The content; None where there is no such file, or (ESTALE) no longer."""
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _link(source: Path, path: Path) -> None:
    os.link(source, path)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
