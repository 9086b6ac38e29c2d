"""Data sets and models made ready for runs: fetched, checked, and written as parquet in verl's schema."""

from harness.data.datasets import DATASETS, Dataset, find
from harness.data.manifest import DataManifest
from harness.data.models import check_model, prefetch
from harness.data.prepare import prepare
from harness.data.prepared import Prepared, prepared

__all__ = [
    "DATASETS",
    "DataManifest",
    "Dataset",
    "Prepared",
    "check_model",
    "find",
    "prefetch",
    "prepare",
    "prepared",
]
