"""Tables, frames and figures of the studies of control, from their runs.

    make authority
    make ablate-release

Each writes to its study's folder; `--out docs/results` is what the repository keeps of it (docs/control-authority.md).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis import ablation, ablation_effects, authority, authority_cells, load_runs, write_sidecar  # noqa: E402
from analysis.control_report import ablation_markdown, authority_markdown  # noqa: E402
from harness.runs.atomic import write_file  # noqa: E402
from paper_figures import style  # noqa: E402
from paper_figures.make import planned, save  # noqa: E402

FRAMES = {
    "authority": {"authority": authority, "authority_cells": authority_cells},
    "ablation": {"ablation": ablation, "ablation_effects": ablation_effects},
}
TEXT = {"authority": authority_markdown, "ablation": ablation_markdown}
ALSO = {"authority": (), "ablation": ("accuracy_over_training", "pass_at_n_over_training", "entropy")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(FRAMES))
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("--out", type=Path, help="default: the study's folder")
    parser.add_argument("--all", action="store_true", help="the study's other figures as well")
    given = parser.parse_args()
    out = given.out or given.study / "figures"
    out.mkdir(parents=True, exist_ok=True)
    runs = load_runs(given.study)
    for name, frame in FRAMES[given.kind].items():
        frame(runs).to_csv(out / f"{name}.csv", index=False)
    text = TEXT[given.kind](runs)
    write_file(out / f"{given.kind}.md", text.encode())
    wanted = {given.kind, *(ALSO[given.kind] if given.all else ())}
    for figure in planned(runs):
        if figure.name in wanted:
            with style.active():
                save(figure.draw(), out / figure.name)
    write_sidecar(out / f"{given.kind}.md", runs)
    print(text)
    print(f"written to {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
