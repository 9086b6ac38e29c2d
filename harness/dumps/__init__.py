"""Validation dumps -> columns: only the fields that an estimator needs, in bounded memory, each file read once.

The one importer of msgspec. No pandas, no torch: the reading processes (`harness.dumps.worker`) start in a moment.
"""

from harness.dumps.cache import SampleCache, default_cache
from harness.dumps.layouts import LAYOUTS, Layout
from harness.dumps.reading import RunSamples, SampleFiles, dump_files, read_all, sample_files
from harness.dumps.scan import Scanned, scan_file
from harness.dumps.table import empty_table

__all__ = [
    "LAYOUTS",
    "Layout",
    "RunSamples",
    "SampleCache",
    "SampleFiles",
    "Scanned",
    "default_cache",
    "dump_files",
    "empty_table",
    "read_all",
    "sample_files",
    "scan_file",
]
