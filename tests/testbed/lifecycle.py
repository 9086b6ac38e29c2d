"""Starting and stopping a whole cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.testbed import processes, texts
from tests.testbed.cluster import Cluster
from tests.testbed.daemons import Daemon, daemons
from tests.testbed.ports import choosing, is_free
from tests.testbed.preparation import create_database, grant, prepare
from tests.testbed.requirements import missing
from tests.testbed.settings import ClusterError, Settings, record, short_host

READY_S = 40
TURN_S = 120
END_S = 10
PROGRAMS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmscriptd", "slurmd")
CLUSTER_IN_DATABASE = ("sacctmgr", "--immediate", "--quiet", "add", "cluster", texts.CLUSTER_NAME)


def up(folder: Path, **options: Any) -> Cluster:
    """Start a cluster in a folder, new or of a stopped cluster, whose jobs and accounting it then goes on with.

    `options` are the fields of `Settings`. It returns when all nodes can take jobs and `sacct` answers.

    Raises:
        ClusterError: a package is missing, not root, a folder in use, a wrong option, or something did not start;
            then whatever had started is stopped again.
    """
    folder = Path(os.path.abspath(folder))
    if lack := missing(options.get("accounting", True)):
        raise ClusterError("A test cluster needs root and Debian packages", lack)
    with choosing(TURN_S) as base_port:
        _refuse_use(folder)
        cluster = Cluster(Settings(folder=folder, base_port=base_port, host=short_host(), **options))
        with _all_or_nothing(folder):
            _start(cluster)
    with _all_or_nothing(folder):
        _await_ready(cluster)
    return cluster


def _start(cluster: Cluster) -> None:
    """Start every daemon; at its end all of them listen."""
    settings = cluster.settings
    prepare(settings)
    for daemon in daemons(settings):
        if daemon.name == "mariadbd":
            create_database(settings)
        daemon.start()
        if daemon.name == "mariadbd":
            grant(settings)
        if daemon.name == "slurmdbd":
            _add_cluster(cluster)
    if not processes.wait(lambda: not any(map(is_free, settings.ports)), READY_S):
        silent = [port for port in settings.ports if is_free(port)]
        raise ClusterError(f"Every daemon must listen within {READY_S} s", f"nobody on ports {silent}", _logs(settings))


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        down(folder)
        raise


def down(folder: Path) -> None:
    """Stop the cluster of a folder, with its jobs; the folder stays. Nothing happens where nothing runs.

    Raises:
        ClusterError: no cluster's folder, or something outlived SIGKILL.
    """
    settings = Settings.load(folder)
    cluster, alive = Cluster(settings), running(settings)
    if any(daemon.name == "slurmctld" for daemon in alive):
        with suppress(ClusterError):  # a cluster that does not answer is stopped all the same
            cluster.cancel_all()
    for daemon in reversed(alive):
        daemon.stop()
    if left := processes.kill(cluster.job_processes, END_S):
        raise ClusterError("The processes of jobs must end at SIGKILL", f"pids {left}")
    if not processes.wait(lambda: not strays(settings), END_S):
        found = ", ".join(f"{processes.program(pid)} ({pid})" for pid in strays(settings))
        raise ClusterError("No daemon may be left", f"{found} without a pid file", "End it by its pid.")


@contextmanager
def cluster(folder: Path, **options: Any) -> Iterator[Cluster]:
    """A cluster for the block, stopped at its end."""
    started = up(folder, **options)
    try:
        yield started
    finally:
        down(folder)


def running(settings: Settings) -> list[Daemon]:
    return [daemon for daemon in daemons(settings) if daemon.pid() is not None]


def strays(settings: Settings) -> list[int]:
    """Daemons of the cluster, whatever the pid files say; a shell that speaks to the cluster is none."""
    conf = str(settings.conf)
    suspects = [pid for pid in processes.pids() if processes.program(pid) in PROGRAMS and processes.alive(pid)]
    return [pid for pid in suspects if processes.environment(pid).get("SLURM_CONF") == conf]


def _refuse_use(folder: Path) -> None:
    if record(folder).exists():
        settings = Settings.load(folder)
        if alive := running(settings):
            raise ClusterError(
                "The folder must have no running cluster",
                f"{', '.join(f'{daemon.name} ({daemon.pid()})' for daemon in alive)} in {folder}",
                f"Use it (export SLURM_CONF={settings.conf}), or stop it: python -m tests.testbed down {folder}",
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ClusterError(
            "The folder of a test cluster must be new, empty, or one of a test cluster", str(folder), "Choose another."
        )


def _add_cluster(cluster: Cluster) -> None:
    """slurmdbd answers some time after it has started, and only says with words that it knows the cluster."""

    def added() -> bool:
        done = cluster.run(CLUSTER_IN_DATABASE, check=False)
        return done.returncode == 0 or "already exists" in done.stdout + done.stderr

    if not processes.wait(added, READY_S, poll_s=0.2):
        raise ClusterError(
            f"slurmdbd must take the cluster within {READY_S} s", _last_words(cluster, CLUSTER_IN_DATABASE)
        )


def _await_ready(cluster: Cluster) -> None:
    if not processes.wait(cluster.is_ready, READY_S, poll_s=0.1):
        raise ClusterError(
            f"The nodes must be usable within {READY_S} s",
            _last_words(cluster, ("sinfo", "-N", "-l")),
            _logs(cluster.settings),
        )
    asked = ("sacct", "--noheader")
    if cluster.settings.accounting and not processes.wait(
        lambda: cluster.run(asked, check=False).returncode == 0, READY_S, poll_s=0.1
    ):
        raise ClusterError(f"sacct must answer within {READY_S} s", _last_words(cluster, asked))


def _last_words(cluster: Cluster, command: tuple[str, ...]) -> str:
    done = cluster.run(command, check=False)
    return (done.stdout + done.stderr).strip() or "nothing"


def _logs(settings: Settings) -> str:
    return f"Read the logs in {settings.folder}/log."
