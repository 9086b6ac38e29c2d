"""A PostgreSQL server of its own, in a temporary folder: on loopback, without fsync, with a few megabytes of memory.

PostgreSQL refuses root, so under root its programs run as the user `postgres`, and the folder lies in /tmp itself: the
folders of pytest are closed to other users.
"""

from __future__ import annotations

import getpass
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.testbed import processes

START_S, STOP_S = 30, 20
BINARIES = Path("/usr/lib/postgresql")
GUARDED = "guarded"
"""A role that must give its password over TCP; everyone else is trusted."""
PASSWORD = "a secret: @/?"


def missing() -> str | None:
    """What is missing for a server; None where one can be started."""
    if not _programs():
        return f"no PostgreSQL in {BINARIES} (Debian: postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return "no psycopg (pip install 'entrocraft-harness[postgres]')"
    if os.geteuid() == 0 and not _has_user():
        return "root, and no user `postgres` to run a server as (Debian: postgresql)"
    return None


class Server:
    """One server. It is made and started at once; `close` at the end."""

    def __init__(self) -> None:
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self.folder = Path(tempfile.mkdtemp(prefix="entrocraft-pg-", dir="/tmp"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            if os.geteuid() == 0:
                shutil.chown(self.folder, self.user)
            self._program("initdb", "-D", self._data, "-U", self.user, "--auth=trust", "--no-sync", "--encoding=UTF8")
            rules = self._data / "pg_hba.conf"
            rules.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
            self.start()
            self.execute(f"CREATE ROLE {GUARDED} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        except BaseException:
            self.close()
            raise

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str, user: str | None = None) -> str:
        """The address of a database of this server, without a password."""
        return f"postgresql://{user or self.user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = {"fsync": "off", "shared_buffers": "8MB", "max_connections": "30", "full_page_writes": "off"}
        options = [f"-c{key}={value}" for key, value in settings.items()]
        command = [_program("postgres"), "-D", self._data, "-k", self.folder, "-h", "127.0.0.1", "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log, **self._as_user())
        if not processes.wait(self._answers, START_S, poll_s=0.1) or self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-1000:]}")

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, with a word to them."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL for all of its processes: sessions end without a word."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs SQL, each statement on its own; the rows of the last one that has some."""
        import psycopg

        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else rows
        return rows

    def database(self, name: str) -> str:
        """Makes an empty database; returns its address."""
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def close(self) -> None:
        """Stops the server and removes its folder."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: int) -> None:
        """The postmaster last: while a session of a killed server lives, the next one cannot start."""
        if self._process is None:
            return
        children = processes.descendants(self._process.pid)
        if number == signal.SIGKILL:
            processes.end(children, number, STOP_S)
        self._process.send_signal(number)
        self._process.wait(STOP_S)
        processes.wait(lambda: not any(map(processes.alive, children)), STOP_S)
        self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            return True  # there is nothing to wait for
        done = self._program("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False)
        return done.returncode == 0

    def _program(self, name: str, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = [_program(name), *arguments]
        return subprocess.run(command, check=check, capture_output=True, timeout=60, **self._as_user())

    def _as_user(self) -> dict[str, Any]:
        """Arguments of subprocess: who runs it, and an environment without settings of the caller's for PostgreSQL."""
        common = {"cwd": self.folder, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}}
        if os.geteuid() != 0:
            return common
        return {**common, "user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}


def _programs() -> Path | None:
    """The folder with the programs of the newest version."""
    found = [path for path in BINARIES.glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def _program(name: str) -> str:
    folder = _programs()
    assert folder is not None
    return str(folder / name)


def _has_user() -> bool:
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
