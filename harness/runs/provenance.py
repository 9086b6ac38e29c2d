"""Where a run's numbers come from: commit, uncommitted diff, packages, host, Python.

The environment itself is never recorded. A diff is searched for the values of environment variables that
look like secrets, so that a key pasted into a tracked file does not travel into every manifest.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypedDict

MAX_DIFF_BYTES = 1_000_000
SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
MIN_SECRET_CHARACTERS = 8  # shorter values ("1", "true") are settings, and occur in any text


class GitState(TypedDict):
    """State of the checkout; ``commit`` is None outside a checkout, ``diff`` is against ``commit``."""

    commit: str | None
    dirty: bool
    diff: str


@dataclass(frozen=True)
class Provenance:
    """What is recorded of the code and the machine when a run is created."""

    git: GitState
    packages: dict[str, str]
    host: str
    python: str


def collect() -> Provenance:
    """Provenance of this process; takes some milliseconds and three git calls, so a sweep collects once."""
    return Provenance(
        git=git_state(Path(__file__).resolve().parents[2]),
        packages=package_versions(),
        host=socket.gethostname(),
        python=platform.python_version(),
    )


def package_versions() -> dict[str, str]:
    """Name and version of every installed distribution, sorted by name."""
    found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    return dict(sorted((name, version) for name, version in found.items() if name))


def git_state(root: Path) -> GitState:
    """State of the checkout whose top level is ``root``; commit None where root is not one (a wheel).

    A virtual environment inside somebody's checkout is not that checkout: the top level must be ``root``.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top.strip()).resolve() != root.resolve():
        return GitState(commit=None, dirty=False, diff="")
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    dirty = bool(_git(root, "status", "--porcelain"))
    diff = _git(root, "diff", "--no-color", "--no-ext-diff", "HEAD") if commit and dirty else None
    return GitState(commit=commit.strip() if commit else None, dirty=dirty, diff=storable(diff or ""))


def storable(diff: str, environ: Mapping[str, str] = os.environ) -> str:
    """The diff without secrets; above MAX_DIFF_BYTES its hash and size stand for it."""
    for name, value in environ.items():
        if SECRET_NAME.search(name) and len(value) >= MIN_SECRET_CHARACTERS:
            diff = diff.replace(value, f"<value of ${name}>")
    content = diff.encode("utf-8", "surrogateescape")
    if len(content) > MAX_DIFF_BYTES:
        return f"sha256:{hashlib.sha256(content).hexdigest()} ({len(content)} bytes, too large to store)"
    return content.decode("utf-8", "replace")


def _git(root: Path, *arguments: str) -> str | None:
    """Output of a git command in ``root``, or None where git is absent, slow or refuses."""
    # GIT_DIR and its kin (set inside hooks) would point git at another repository than root.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            env={**environ, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape")
