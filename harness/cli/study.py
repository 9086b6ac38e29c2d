"""`entrocraft study show`: a study's definition, its space as a table, and how many points a grid of it has."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command, overrides_argument
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.config.space import Dimension
    from harness.config.study import StudyConfig
    from sweeps.search.sizes import Size

HEADER = ("dimension", "kind", "values", "when")
LABEL_WIDTH = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show",), help="print the definition")
    overrides_argument(parser, "study=NAME or study=FILE.yaml with study.KEY=VALUE, or the folder of a study")
    parser.add_argument("--json", action="store_true", help="one JSON object: the definition and its counts")
    parser.add_argument("--no-compare", action="store_true", help="count the points without resolving each of them")


def call(given: argparse.Namespace) -> int:
    from sweeps.asking import sees_target
    from sweeps.plan import resolve
    from sweeps.search.samplers import check_sampler
    from sweeps.search.sizes import grid_size

    study = _chosen(given.overrides)
    if study.n_trials:
        check_sampler(study, len(study.objectives))
    size = grid_size(study, None if given.no_compare else resolve, target=sees_target(study))
    if given.json:
        import orjson

        grid = {"points": size.points, "at_least": size.at_least, "same": size.same}
        shown = {"study": study.to_dict(), "grid": {**grid, "continuous": list(size.continuous)}}
        print(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        return 0
    for line in _lines(study, size):
        print(line)
    return 0


def _chosen(words: Sequence[str]) -> StudyConfig:
    """The study of `study=...`, or the one that is frozen in a folder."""
    from harness.cli.sweep import chosen
    from harness.config.study import StudyConfig
    from sweeps.folder import StudyFolder

    folders = [word for word in words if "=" not in word]
    if not folders:
        return chosen(words)
    if len(words) > 1:
        raise ConfigError(
            "`study show` takes one folder, or study=NAME with overrides",
            " ".join(words),
            "Leave out one of them: what is in a folder is frozen.",
        )
    return StudyConfig.from_dict(StudyFolder(Path(folders[0])).definition()["study"])


def _lines(study: StudyConfig, size: Size) -> Iterator[str]:
    yield f"{study.title} ({study.name})"
    from harness.cli.sweep_report import spending

    yield _labelled("objective", "; ".join(f"{each.direction} {each.text}" for each in study.objectives))
    yield _labelled("seeds", f"{', '.join(map(str, study.seeds))}; {study.parallel} runs at a time")
    yield _labelled("sampler", f"{study.sampler}, {study.n_trials} trials" if study.n_trials else study.sampler)
    yield _labelled("base", " ".join(study.base) or "-")
    for point in study.trials:
        yield _labelled("trial", f"{point.title}: {' '.join(point.overrides)}")
    for line in spending(study):
        yield _labelled("spends", line)
    if not study.space:
        yield _labelled("space", "none, a list of trials")
        return
    yield ""
    rows = [HEADER, *map(_row, study.space)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:  # whole values, also in a pipe and on a narrow terminal
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    for constraint in study.constraints:
        yield _labelled("constraint", constraint.text)
    yield _labelled("grid", _size(size))


def _labelled(label: str, text: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{text}"


def _row(dim: Dimension) -> tuple[str, ...]:
    from harness.config.space import Choices

    when = " and ".join(f"{key} in {_listed(values)}" for key, values in dim.when) or "-"
    if isinstance(dim, Choices):
        return dim.key, "choices", _listed(dim.choices), when
    step = "" if dim.step is None else f", step {dim.step}"
    others = f", or {_listed(dim.others)}" if dim.others else ""
    kind = ("whole " if dim.whole else "") + ("log range" if dim.log else "range")
    return dim.key, kind, f"{dim.low} to {dim.high}{step}{others}", when


def _listed(values: Sequence[Any]) -> str:
    from sweeps.plan import hydra_text

    return ", ".join(map(hydra_text, values))


def _size(size: Size) -> str:
    if size.points is None:
        return f"none: continuous in {', '.join(size.continuous)}"
    if size.at_least:
        return f"more than {size.points:,} distinct points"
    same = "not compared" if size.same is None else f"{size.same} of them the same run as another"
    return f"{size.points:,} distinct points, {same}"


COMMAND = Command(
    help="print a study: its space, constraints, and the size of a grid of it",
    description=(
        "Print the definition of a study: objective, seeds, sampler, what all runs have in common, the dimensions of\n"
        "its space with their conditions, the constraints, and how many distinct points a grid of it has. Where these\n"
        "are not too many, each is resolved, and those that would compute the same run are counted."
    ),
    examples=(
        "entrocraft study show study=paper_gamma",
        "entrocraft study show study=my_study.yaml study.seeds=[1,2] --json",
        "entrocraft study show studies/demo",
    ),
    arguments=arguments,
    call=call,
)
