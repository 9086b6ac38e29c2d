"""Where a run's numbers come from: commit, uncommitted diff and files, packages, host, Python.

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
from typing import NotRequired, TypedDict

import orjson

from harness.runs.untracked import digests

MAX_DIFF_BYTES = 1_000_000
MAX_REASON_CHARACTERS = 500
GIT_PATIENCE_S = 30.0
SNAPSHOTS = "snapshots"
"""Folder of the copies of the code in a study's own."""
SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
MIN_SECRET_CHARACTERS = 8  # shorter values ("1", "true") are settings, and occur in any text


class GitState(TypedDict):
    """State of the checkout; ``commit`` is None outside a checkout, ``diff`` is against ``commit``.

    ``dirty`` is None where git did not say, for the ``reason``. ``untracked``: the digests of files that are
    neither tracked nor ignored, of ``untracked_total`` such files the first MAX_FILES.
    """

    commit: str | None
    dirty: bool | None
    diff: str
    reason: NotRequired[str]
    untracked: NotRequired[dict[str, str]]
    untracked_total: NotRequired[int]


@dataclass(frozen=True)
class Provenance:
    """What is recorded of the code and the machine when a run is created."""

    git: GitState
    packages: dict[str, str]
    host: str
    python: str


def collect() -> Provenance:
    """Provenance of this process; takes some milliseconds and four git calls, so a sweep collects once."""
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

    A virtual environment inside somebody's checkout is not that checkout: the top level must be ``root``. Of the
    copy of the code that a study keeps, the state is that of the checkout when it was taken, as far as it is known.
    """
    state = GitState(commit=None, dirty=False, diff="")
    if not (root / ".git").exists():
        return _of_snapshot(root) or state
    state["dirty"] = None
    try:
        state["commit"] = git(root, "rev-parse", "--verify", "--quiet", "HEAD", none_exits=1).strip() or None
        state["dirty"] = bool(git(root, "status", "--porcelain", "--untracked-files=normal"))
        if state["commit"] and state["dirty"]:
            state["diff"] = storable(git(root, "diff", "--no-color", "--no-ext-diff", "HEAD"))
        names = git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")[:-1]
    except GitError as error:
        return {**state, "reason": str(error)}
    return {**state, "untracked": digests(root, names), "untracked_total": len(names)} if names else state


def _of_snapshot(root: Path) -> GitState | None:
    """What the record beside a snapshot says (`sweeps.snapshot`); None where ``root`` is none."""
    if root.parent.name != SNAPSHOTS:
        return None
    try:
        record = orjson.loads(root.with_name(f"{root.name}.json").read_bytes())
        commit, dirty = record["commit"], record["dirty"]
    except (OSError, orjson.JSONDecodeError, LookupError, TypeError):
        return None
    return GitState(commit=commit, dirty=dirty, diff=f"the code is the snapshot {root.name}" if dirty else "")


def storable(diff: str, environ: Mapping[str, str] = os.environ) -> str:
    """The diff without secrets; above MAX_DIFF_BYTES its hash and size stand for it."""
    for name, value in secrets(environ).items():
        diff = diff.replace(value, f"<value of ${name}>")
    content = diff.encode("utf-8", "surrogateescape")
    if len(content) > MAX_DIFF_BYTES:
        return f"sha256:{hashlib.sha256(content).hexdigest()} ({len(content)} bytes, too large to store)"
    return content.decode("utf-8", "replace")


def secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Name -> value of the variables that look like secrets, without the space around a value."""
    found = {name: value.strip() for name, value in environ.items() if SECRET_NAME.search(name)}
    return {name: value for name, value in found.items() if len(value) >= MIN_SECRET_CHARACTERS}


class GitError(Exception):
    """Git is absent, slow, or refuses; the message says which."""


def git(root: Path, *arguments: str, none_exits: int = 0) -> str:
    """Output of a git command in ``root``; "" too where it exits with ``none_exits``. Raises GitError."""
    # GIT_DIR and its kin (set inside hooks) would point git at another repository than root.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, timeout=GIT_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {arguments[0]}: {error}") from error
    if done.returncode not in (0, none_exits):
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise GitError(f"git {arguments[0]}: exit code {done.returncode}: {said[:MAX_REASON_CHARACTERS]}")
    return done.stdout.decode("utf-8", "surrogateescape")
