"""Starting a study, or going on with it: the folder, the lease, the store and the driver together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import HarnessError, StudyError
from harness.runs.atomic import remove_leftovers
from harness.runs.space import no_space
from harness.signals import stop_on_signals
from sweeps.driver import Driver
from sweeps.folder import StudyFolder
from sweeps.launcher import Launcher, LocalLauncher
from sweeps.lease import TTL_S, Lease, unsaid
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
    launch: Callable[[], Launcher] = LocalLauncher,
    resolve: Resolver = resolve,
    poll_s: float = 0.25,
    policy: Policy | None = None,
    say: Callable[[str], None] = unsaid,
    lease_ttl_s: float = TTL_S,
) -> StudyStatus:
    """Works off the study in the folder `path` until it is over or a signal stops it; its final status.

    Started again after any end, kill -9 included, it goes on where it stopped. SIGINT or SIGTERM (in the main
    thread) asks the runs to stop and waits for them; a second one ends the driver and leaves them alone.

    Args:
        observe: called once a poll, every `poll_s` seconds.
        retry_failed: gives each failed trial one more try, from the checkpoints of its runs.
        say: told of what the driver waits for before it begins.
        lease_ttl_s: a driver that is silent for so long, in seconds, has lost the study to one elsewhere.

    Raises:
        ConfigError: a trial whose configuration is refused.
        StudyError: another driver works on the study (it is named), or the definition has changed since its
            first start (the difference is named).
        LeaseLostError: another driver has taken over since; this one has stopped, and the runs go on.
    """
    resolved = resolved_points(study, resolve)
    folder = StudyFolder(path)
    folder.path.mkdir(parents=True, exist_ok=True)
    with _driving(folder, lease_ttl_s, say) as lease:
        folder.freeze({"study": study.to_dict(), "points": resolved})
        store = Store(folder.store_path, study)
        lease.keep()  # Optuna was slow to load, perhaps
        store.enqueue(points(study))
        if retry_failed:
            store.enqueue_retries(lambda trial: attempts(folder, trial, study.seeds))
        driver = Driver(study, folder, store, launch(), resolve, poll_s, policy, lease.keep)
        if (cancelled := folder.cancelled()) is not None:
            say(f"{str(folder.path)!r} is cancelled {cancelled}: nothing is started; `entrocraft retry` withdraws that")
        with stop_on_signals(driver.stop):
            driver.run(observe)
        store.close()
    return study_status(folder.path)


@contextmanager
def _driving(folder: StudyFolder, ttl_s: float, say: Callable[[str], None]) -> Iterator[Lease]:
    """The one driver of the study, who also clears away what killed ones left half-written.

    Raises:
        StudyError: the disk is full before there is a driver that could wait for room.
    """
    lease = Lease(folder.path, ttl_s)
    try:
        lease.acquire(say)
        remove_leftovers(folder.path)
        yield lease
    except Exception as error:
        if isinstance(error, HarnessError) or not no_space(error, folder.path):
            raise
        raise StudyError(
            f"the disk of {str(folder.path)!r} must have room",
            str(error).splitlines()[0],
            "Free some, and start the sweep again: it goes on where it stopped.",
        ) from error
    finally:
        lease.release()
