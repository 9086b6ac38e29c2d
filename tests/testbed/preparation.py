"""What must be in the folder before daemons start: configuration, key, devices, database."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from tests.testbed import texts
from tests.testbed.daemons import environment
from tests.testbed.settings import ClusterError, Settings

TOOL_S = 60


def prepare(settings: Settings) -> None:
    """Folders, configuration files, munge's key and the devices; what a stopped cluster left is kept or replaced."""
    for name in ("etc", "run", "log", "state", "spool", "dev"):
        (settings.folder / name).mkdir(parents=True, exist_ok=True)
    settings.save()
    for path, text in texts.configuration(settings).items():
        path.write_text(text)
        path.chmod(0o600 if path.name == "slurmdbd.conf" else 0o644)
    key = settings.folder / "etc" / "munge.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
    for path in texts.devices(settings):
        if not path.exists():
            _make_device(path)


def create_database(settings: Settings) -> None:
    """The empty database server, published whole; one that is there stays."""
    data, unfinished = settings.folder / "db", settings.folder / "db.new"
    if not data.exists():
        shutil.rmtree(unfinished, ignore_errors=True)
        options = ("--no-defaults", "--user=root", f"--datadir={unfinished}", "--skip-test-db")
        _tool(settings, "mariadb-install-db", "--auth-root-authentication-method=normal", *options)
        unfinished.rename(data)


def grant(settings: Settings) -> None:
    """The database of slurmdbd, in the running server."""
    _tool(settings, "mariadb", "--no-defaults", f"--socket={settings.folder}/db.sock", "-e", texts.database_sql())


def _make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # that of /dev/null
    except PermissionError:
        remedy = "In a container, allow MKNOD."
        raise ClusterError("A test cluster needs device nodes for its GPUs", f"mknod {path} refused", remedy) from None
    path.chmod(0o666)


def _tool(settings: Settings, *command: str) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(settings), timeout=TOOL_S
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{command[0]} must end within {TOOL_S} s", "no end") from None
    if done.returncode:
        raise ClusterError(f"{command[0]} must succeed", f"exit code {done.returncode}: {done.stderr[-500:].strip()}")
