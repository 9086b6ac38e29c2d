"""Starting a study, or going on with it: the folder, the lock, the store and the driver together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import LockHeldError, StudyError
from harness.runs import RunLock, holder
from harness.runs.lock import describe
from harness.signals import stop_on_signals
from sweeps.driver import Driver
from sweeps.folder import StudyFolder
from sweeps.launcher import Launcher, LocalLauncher
from sweeps.plan import Resolver, points, resolve, resolved_points
from sweeps.policy import Policy
from sweeps.progress import Observer, unobserved
from sweeps.status import StudyStatus, attempts, study_status
from sweeps.store import Store


def run_study(
    study: StudyConfig,
    path: Path | str,
    *,
    observe: Observer = unobserved,
    retry_failed: bool = False,
    launcher: Launcher | None = None,
    resolve: Resolver = resolve,
    poll_s: float = 0.25,
    policy: Policy | None = None,
) -> StudyStatus:
    """Works off the study in the folder `path` until it is over or a signal stops it; its final status.

    Started again after any end, kill -9 included, it goes on where it stopped. SIGINT or SIGTERM (in the main
    thread) asks the runs to stop and waits for them; a second one ends the driver and leaves them alone.

    Args:
        observe: called once a poll, every `poll_s` seconds.
        retry_failed: gives each failed trial one more try, from the checkpoints of its runs.

    Raises:
        ConfigError: a trial whose configuration is refused.
        StudyError: another driver works on the study (it is named), or the definition has changed since its
            first start (the difference is named).
    """
    resolved = resolved_points(study, resolve)
    folder = StudyFolder(path)
    folder.path.mkdir(parents=True, exist_ok=True)
    with _study_lock(folder):
        folder.freeze({"study": study.to_dict(), "points": resolved})
        store = Store(folder.store_path, study)
        store.enqueue(points(study))
        if retry_failed:
            store.enqueue_retries(lambda trial: attempts(folder, trial, study.seeds))
        driver = Driver(study, folder, store, launcher or LocalLauncher(), resolve, poll_s, policy)
        with stop_on_signals(driver.stop):
            driver.run(observe)
        store.close()
    return study_status(folder.path)


@contextmanager
def _study_lock(folder: StudyFolder) -> Iterator[None]:
    try:
        lock = RunLock(folder.path)
        lock.acquire()
    except LockHeldError as error:
        other = holder(folder.path)
        raise StudyError(
            f"the study in {str(folder.path)!r} must have one driver at a time",
            f"a second one while {describe(other)} works on it" if other else None,
            "Wait for its end, watch it with `entrocraft status`, or stop it with Ctrl-C.",
        ) from error
    try:
        yield
    finally:
        lock.release()
