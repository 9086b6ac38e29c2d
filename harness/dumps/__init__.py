"""Validation dumps -> columns: only the fields that an estimator needs, in bounded memory, each file read once.

The one importer of msgspec; no pandas, no torch. `reading` is for many runs, `scan` for a file. Nothing is imported
here: a reading process starts with what it needs.
"""
