"""Starting a study, or going on with it: the folder, the lease, the store and the driver together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import HarnessError, StudyError
from harness.runs.atomic import remove_leftovers
from harness.runs.space import no_space
from harness.signals import stop_on_signals
from sweeps.asking import distinct
from sweeps.budget.grants import grant
from sweeps.cancel import who
from sweeps.checking import check_study
from sweeps.driver import OUTAGE_POLL_S, Driver
from sweeps.ended import forget_end
from sweeps.folder import StudyFolder
from sweeps.jobs.known import Look, local_jobs
from sweeps.jobs.launcher import Launcher, LocalLauncher
from sweeps.jobs.policy import Policy
from sweeps.lease.lease import TTL_S, Lease, unsaid
from sweeps.plan import Resolver, points, resolve, resolved_points
from sweeps.progress import Observer, unobserved
from sweeps.status import StudyStatus, attempts, study_status
from sweeps.storage.outage import is_outage, reason
from sweeps.storage.place import SQLITE, Place, find, settle
from sweeps.storage.place import keep as keep_place
from sweeps.storage.store import Store, make
from sweeps.warm import borrow, keep, kept


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
    storage: str | None = None,
    default_storage: str | None = None,
    budget: str | None = None,
    look: Look = local_jobs,
) -> StudyStatus:
    """Works off the study in the folder `path` until it is over or a signal stops it; its final status.

    Started again after any end, kill -9 included, it goes on where it stopped. SIGINT or SIGTERM (in the main
    thread) asks the runs to stop and waits for them; a second one ends the driver and leaves them alone.

    Args:
        observe: called once a poll, every `poll_s` seconds.
        retry_failed: gives each failed trial one more try, from the checkpoints of its runs.
        say: told of what the driver waits for before it begins.
        lease_ttl_s: a driver that is silent for so long, in seconds, has lost the study to one elsewhere.
        storage: where the trials are to be, an address of PostgreSQL; `default_storage` is for studies that begin.
        budget: hours to grant, such as `+200` (`sweeps.budget.grants`).
        look: what is known of a run's jobs, for what it has cost.

    Raises:
        ConfigError: a trial whose configuration is refused, options of a pruner, a study to borrow from, the budget.
        StudyError: another driver works on the study (it is named), the definition has changed since its first start
            (the difference is named), or the database cannot be used.
        LeaseLostError: another driver has taken over since; this one has stopped, and the runs go on.
    """
    resolved = resolved_points(study, resolve)
    check_study(study, resolved, resolve)
    folder = StudyFolder(path)
    borrowed = borrow(study) if study.warm_start and not folder.exists() else []
    folder.path.mkdir(parents=True, exist_ok=True)
    with _driving(folder, lease_ttl_s, say) as lease:
        if borrowed and not folder.exists():
            keep(folder, borrowed)  # before there is a study that would not borrow any more
        folder.freeze({"study": study.to_dict(), "points": resolved})
        points_of = distinct(study, points(study), resolved)
        store = _store(study, folder, settle(folder.path, study.name, storage, default_storage), say, lease)
        lease.keep()  # Optuna was slow to load, perhaps
        store.enqueue({index: point for index, point, _ in points_of}, {index: key for index, _, key in points_of})
        if (same := len(resolved) - len(points_of)) > 0:
            say(f"{same} of the {len(resolved)} trials repeat the configuration of an earlier one and are left out")
        if retry_failed:
            store.enqueue_retries(lambda trial: attempts(folder, trial, trial.on(study.seeds)))
        driver = Driver(study, folder, store, launch(), len(points_of), resolve, poll_s, policy, lease.keep, look)
        if (cancelled := folder.cancelled()) is not None:
            say(f"{str(folder.path)!r} is cancelled {cancelled}: nothing is started; `entrocraft retry` withdraws that")
        if budget is not None:
            total = grant(folder, study.budget, budget, who())
            say(f"the study may cost {total:g} hours in all")
        forget_end(folder)
        with stop_on_signals(driver.stop):
            driver.run(observe)
        store.close()
    return study_status(folder.path)


def _store(study: StudyConfig, folder: StudyFolder, place: Place, say: Callable[[str], None], lease: Lease) -> Store:
    """The store of the study, made where it is not; one that is there is waited for while its database is away."""
    if find(folder.path, study.name) != place or place.kind == SQLITE:
        make(place, study)
        keep_place(folder.path, place)
    while True:
        try:
            return Store(place, study, kept(folder, study))
        except Exception as error:
            if not is_outage(error):
                raise
            say(f"the database does not answer, and is waited for: {reason(error)}")
            lease.keep()
            time.sleep(OUTAGE_POLL_S)


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
