"""Names that the two sides share: the process that supervises a run, and verl's processes that carry it out."""

from __future__ import annotations

PLUGIN = "entrocraft"
"""Of the entry point, and of trainer and advantage estimator in verl's registries."""
RUN_VARIABLE = "ENTROCRAFT_RUN"
"""The run folder; its manifest has the configuration. Ray's workers inherit the variable."""
STOPPED_FILE = "stopped"
"""In RUN/verl: the step at which verl ended because it was asked to; the request may be withdrawn by then."""
PLATFORM_VARIABLE = "VERL_PLATFORM"
"""verl's own."""
CPU = "cpu"
