"""Two runs at a time on one machine: verl names a socket after Ray's job id, which is the same in every cluster."""

from __future__ import annotations

import subprocess

import pytest

from tests.verl.verl_environment import python

ASK = """
import sys
from ray.runtime_context import RuntimeContext
RuntimeContext.get_job_id = lambda self: "01000000"
from harness.verl_plugin import job_name
job_name.install(sys.argv[1])
print(RuntimeContext.get_job_id(None))
"""


@pytest.mark.needs("verl")
def test_the_job_of_each_run_has_a_name_of_its_own() -> None:
    names = [subprocess.check_output([str(python()), "-c", ASK, run], text=True).strip() for run in ("/a", "/b", "/a")]
    assert names[0] == names[2] != names[1]
    assert all(name.startswith("01000000-") and len(name) == 17 for name in names)
