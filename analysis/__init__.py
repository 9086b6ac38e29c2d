"""Run folders -> pandas frames, estimators, tables. The one importer of pandas; no torch, no matplotlib."""

from analysis import paper
from analysis.ablation import ablation, ablation_effects
from analysis.authority import authority, authority_by_seed, authority_cells
from analysis.backends import backend_curves, backend_differences
from analysis.comparison import compare
from analysis.conditions import sign_agreement
from analysis.cost import score_against_hours
from analysis.curves import entropy_curves, reward_curves, tracking, tracking_summary
from analysis.estimators import band_distance, mean_at_n, time_in_band, tracking_error
from analysis.gamma import gamma_sweep
from analysis.interquartile import interquartile_mean
from analysis.intervals import Interval, crossed_intervals, interquartile_interval, paired_interval, seed_interval
from analysis.multiplicity import holm
from analysis.notes import design_notes, frame_notes
from analysis.output_space import osb_frame
from analysis.planning import SeedsNeeded, seeds_needed
from analysis.runs import Runs, load_runs
from analysis.sentences import summary_sentences
from analysis.sidecar import write_sidecar
from analysis.tables import render, write_table
from analysis.validation import pass_at_k_curves, validation_curves
from harness.core.pass_at_k import pass_at_k

__all__ = [
    "Interval",
    "Runs",
    "SeedsNeeded",
    "ablation",
    "ablation_effects",
    "authority",
    "authority_by_seed",
    "authority_cells",
    "backend_curves",
    "backend_differences",
    "band_distance",
    "compare",
    "crossed_intervals",
    "design_notes",
    "entropy_curves",
    "frame_notes",
    "gamma_sweep",
    "holm",
    "interquartile_interval",
    "interquartile_mean",
    "load_runs",
    "mean_at_n",
    "osb_frame",
    "paired_interval",
    "paper",
    "pass_at_k",
    "pass_at_k_curves",
    "render",
    "reward_curves",
    "score_against_hours",
    "seed_interval",
    "seeds_needed",
    "sign_agreement",
    "summary_sentences",
    "time_in_band",
    "tracking",
    "tracking_error",
    "tracking_summary",
    "validation_curves",
    "write_sidecar",
    "write_table",
]
