"""Figures: files, sidecars, what is said on them, and one look for each method."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from synthetic import SyntheticRun, write_run, write_study

from analysis import load_runs, pass_at_k_curves, tracking_summary
from paper_figures import captions, style
from paper_figures.make import make_figures, planned

FIGURES = {"entropy", "reward", "pass_at_k", "accuracy_over_training", "pass_at_n_over_training", "tracking"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"), seeds=2, steps=30, problems=12, n=4)


def drawn(root: Path) -> dict[str, Figure]:
    with style.active():
        return {figure.name: figure.draw() for figure in planned(load_runs(root))}


def texts(figure: Figure) -> str:
    """All words of the title line of a figure on one line."""
    return " ".join(figure.get_suptitle().split())


def test_every_figure_is_png_pdf_and_sidecar(study: Path, tmp_path: Path) -> None:
    written = make_figures(study, tmp_path)
    assert {path.name for path in written} == {f"{n}.{s}" for n in FIGURES for s in ("png", "pdf", "csv", "json")}
    for path in written:
        content = path.read_bytes()
        assert content.startswith({".png": b"\x89PNG", ".pdf": b"%PDF", ".json": b"{", ".csv": b"label,"}[path.suffix])
    sidecar = json.loads((tmp_path / "entropy.json").read_text())
    assert len(sidecar["runs"]) == 26 and len(sidecar["excluded"]) == 1


def test_equal_data_give_equal_pictures(tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_run(study / "a", SyntheticRun({"name": "grpo"}, 1, np.linspace(0.6, 0.2, 30)))
    for out in ("a", "b"):
        make_figures(study, tmp_path / out)
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a/entropy.{suffix}").read_bytes() == (tmp_path / f"b/entropy.{suffix}").read_bytes()


def test_many_configurations_have_a_panel_each(study: Path) -> None:
    figures = drawn(study)
    labels = set(load_runs(study).runs["label"])
    titles = {" ".join(ax.get_title().split()) for ax in figures["entropy"].axes}
    assert titles == labels
    assert len(figures["pass_at_k"].axes) == len(labels) - 1, "the reference is in every panel"
    assert "black, in every panel: GRPO" in texts(figures["pass_at_k"])


def test_counts_and_left_out_runs_are_on_the_figure(study: Path) -> None:
    figures = drawn(study)
    assert "only 12 problems, 4 samples each; 2 seeds each" in texts(figures["pass_at_k"])
    for figure in figures.values():
        assert "1 run left out, see the sidecar" in texts(figure)


def test_one_seed_is_said_on_every_figure(tmp_path: Path) -> None:
    write_study(tmp_path, seeds=1, steps=30, problems=12, n=4)
    for figure in drawn(tmp_path).values():
        assert "one seed each: the noise between seeds is not shown" in texts(figure)


def test_drawn_values_are_those_of_the_frame(study: Path) -> None:
    figures, runs = drawn(study), load_runs(study)
    curve = pass_at_k_curves(runs)
    ax = figures["pass_at_k"].axes[0]
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    for label, values in lines.items():
        np.testing.assert_array_equal(values, curve.loc[curve["label"] == label, "value"])
    assert ax.get_xscale() == "log"
    (ax,) = figures["tracking"].axes
    best = tracking_summary(runs).sort_values("tracking_error").iloc[0]
    assert ax.get_yticklabels()[-1].get_text().split() == best["label"].split()  # wrapped


def test_entropy_panels_hold_every_value(study: Path) -> None:
    for ax in drawn(study)["entropy"].axes:
        low, high = ax.get_ylim()
        assert low == 0
        assert all(np.nanmax(line.get_ydata()) <= high for line in ax.lines)


def test_few_distinct_methods_share_a_panel_with_a_legend(tmp_path: Path) -> None:
    entropy = np.linspace(0.6, 0.2, 30)
    for method in ("grpo", "clip_higher", "psr"):
        run = SyntheticRun({"name": method}, 1, entropy, correct={30: [1, 2]})
        write_run(tmp_path / method, run)
    figures = drawn(tmp_path)
    assert set(figures) == {"entropy", "reward", "pass_at_k"}, "no band and one validation: two figures less"
    assert len(figures["pass_at_k"].axes) == 1
    assert [text.get_text() for text in figures["pass_at_k"].legends[0].get_texts()] == [
        "Clip-Higher",
        "GRPO",
        "PSR",
    ]


def test_runs_without_entropy_or_samples_give_no_empty_figure(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", SyntheticRun({"name": "grpo"}, 1, [0.5]))
    (run / "metrics.jsonl").write_text('{"schema":1,"step":1,"attempt":1,"time":0,"data":{"actor/lr":0.1}}\n')
    assert drawn(tmp_path) == {}


def test_each_method_has_a_look_of_its_own() -> None:
    looks = list(style.LOOKS.values())
    assert len({(look.colour, str(look.line)) for look in looks}) == len(looks)
    assert len({look.marker for look in looks}) == len(looks), "markers alone tell methods apart in black and white"
    assert style.UNKNOWN not in looks


def test_every_registered_method_has_a_look() -> None:
    from harness.methods import METHODS

    assert set(METHODS) <= set(style.LOOKS)


def test_few_problems_are_called_few(study: Path) -> None:
    frame = pass_at_k_curves(load_runs(study))
    assert captions.samples(frame).startswith("only 12 problems")
    assert captions.samples(frame.assign(problems=500)).startswith("500 problems")


def test_two_backends_share_a_panel_that_states_their_difference(tmp_path: Path) -> None:
    for backend, offset in (("torch", 0.0), ("verl", 0.05)):
        for seed in (1, 2):
            run = SyntheticRun({"name": "grpo"}, seed, np.linspace(0.6, 0.2, 30) + offset, backend=backend)
            write_run(tmp_path / f"{backend}{seed}", run)
    (ax,) = drawn(tmp_path)["backends"].axes
    assert "difference" in ax.get_title() and "0.050 nats" in ax.get_title()
    thick = {line.get_label(): line.get_ydata()[0] for line in ax.lines if str(line.get_label()).startswith("backend=")}
    assert thick == pytest.approx({"backend=torch": 0.6, "backend=verl": 0.65})
