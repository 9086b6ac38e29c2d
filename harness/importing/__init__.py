"""Runs that were not made here -> run folders: verl's `file` log with its validation dumps, and measurements of the
output-space baseline in the form of the paper's authors. What is not known of them is absent, never filled in."""

from harness.importing.find import Source, find_source
from harness.importing.write import Imported, import_run, measured_run

__all__ = ["Imported", "Source", "find_source", "import_run", "measured_run"]
