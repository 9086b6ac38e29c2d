"""Figures from analysis frames. The one importer of matplotlib (Agg, no pyplot state)."""
