"""Another try that is asked for while the process of a failed run has yet to end."""

import pytest

from harness.runs import RunState
from harness.runs.provenance import collect
from sweeps.active import ActiveRun
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.policy import Policy
from sweeps.jobs.reconcile import RunAction, run_action
from sweeps.plan import Resolved, create_run

CONFIG = Resolved({"seed": 1, "trainer": {"steps": 4, "threads": 1, "device": "cpu"}}, None)


class Process:
    job, end = "process 1", None

    def poll(self):
        return self.end


@pytest.mark.parametrize("failed_before, action", [(True, RunAction.START), (False, RunAction.FAILED)])
def test_it_is_for_the_failure_that_was_seen_and_not_for_a_later_one(tmp_path, failed_before, action):
    folder = create_run(tmp_path / "t0000-s1", CONFIG, "title", collect())
    run = ActiveRun(folder, "title", CONFIG, Policy(), handle=Process())
    run.journal.start("process 1")
    folder.begin_attempt(0)
    if failed_before:
        folder.end_attempt(RunState.FAILED, 2, "out of luck")
    run.try_again()
    if not failed_before:
        folder.end_attempt(RunState.FAILED, 2, "out of luck")
    run.handle.end = End(Cause.ENDED, 1, "exit code 1")
    assert run_action(run.facts()) is action
