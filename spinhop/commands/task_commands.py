"""``image``, ``maxcut`` and ``reproduce``: the paper's tasks on the user's own pictures and graphs, and all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hwlib.seeds import LARGEST_SEED
from spinhop.commands.options import All, Engine, Json, RunFolder, Scheduler, Workers

if TYPE_CHECKING:
    from hwlib.design import Design
    from spinhop.designs.task_designs import Answer

Pictures = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PICTURE]...", help="Bitmaps (PNG …) or text; default the letters U, T, D."),
]
Graphs = Annotated[
    list[Path],
    typer.Argument(
        metavar="GRAPH...", help="Graph files: edge lists (rudy, Gset), Matrix Market, DIMACS, METIS, GML, GraphML."
    ),
]


Ideal = Annotated[bool, typer.Option("--ideal", help="The quick answer: ideal wires only; no layout, no checks.")]
Drawn = Annotated[bool, typer.Option("--drawn", help="As drawn too, however long it may take.")]


def image(
    pictures: Pictures = None,
    distortion: Annotated[
        list[float] | None,
        typer.Option("--distortion", "-d", help="Share of bits to flip; again for more. Default 0.1, 0.3."),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=100_000, help="Per picture and distortion.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of the distortions.")] = 1,
    threshold: Annotated[
        float, typer.Option("--threshold", metavar="SHARE", help="Brightness, 0 to 1, below which a pixel is dark: ON.")
    ] = 0.5,
    invert: Annotated[bool, typer.Option("--invert", help="Light pixels are ON instead of dark ones.")] = False,
    ideal: Ideal = False,
    drawn: Drawn = False,
    out: RunFolder = None,
    engine: Engine = "auto",
    whole: All = False,
    json: Json = False,
) -> None:
    """Store pictures, load distorted copies, count the bits that come back right: ideal wires, and as drawn.

    Exit code 1 when the network does not work or a limit is broken.
    """
    from spinhop.designs.picture_design import picture_design

    _refuse_both(ideal, drawn)
    design = picture_design(
        pictures or [], distortion or [0.1, 0.3], trials, seed, threshold=threshold, invert=invert
    )  # fmt: skip
    _tell("images", _answers([design], ideal=ideal, drawn=drawn, out=out, engine=engine), json, whole)


def maxcut(
    graphs: Graphs,
    mapping: Annotated[
        Literal["paper", "balanced", "degree", "zero_sum"],
        typer.Option("--mapping", help="How edges become weights; zero_sum with --restarts finds the best cuts."),
    ] = "balanced",
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight", metavar="NAME", help="GML, GraphML: edge attribute that is the weight; without it all count 1."
        ),
    ] = None,
    prove: Annotated[
        float, typer.Option("--prove", min=0, metavar="SECONDS", help="Try so long to prove each best cut.")
    ] = 0.0,
    restarts: Annotated[
        int, typer.Option("--restarts", min=0, max=100_000, help="Trials from random loads; 0: one from all walls OFF.")
    ] = 0,
    ideal: Ideal = False,
    drawn: Drawn = False,
    out: RunFolder = None,
    engine: Engine = "auto",
    whole: All = False,
    json: Json = False,
) -> None:
    """Cut graphs with the network, ideal wires and as drawn, beside the best cut that software finds.

    Each graph has a run folder of its own. Exit code 1 when a network does not work or a limit is broken.
    """
    from spinhop.designs.cutting import graph_designs, with_labels

    _refuse_both(ideal, drawn)
    if out is not None and len(graphs) > 1:
        raise typer.BadParameter("one folder holds one graph", param_hint="--out")
    designs = graph_designs(graphs, mapping=mapping, weight=weight, prove_seconds=prove, restarts=restarts)
    found = _answers(designs, ideal=ideal, drawn=drawn, out=out, engine=engine)
    _tell("maxcut", with_labels(found, graphs), json, whole)


def _refuse_both(ideal: bool, drawn: bool) -> None:
    if ideal and drawn:
        raise typer.BadParameter("--ideal leaves out what it asks for; give one of them", param_hint="--drawn")


def _answers(designs: Sequence[Design], **how: Any) -> list[Answer]:
    """Run designs one after the other."""
    from sim.engines import check_name
    from spinhop.console import StageLines
    from spinhop.designs.task_designs import answer

    check_name(how["engine"])
    with StageLines(shy=True) as progress:
        return [answer(design, progress, **how) for design in designs]


def _tell(title: str, found: Sequence[Answer], json: bool, whole: bool) -> None:
    """Print what designs came to in one table per kind of wires; exit with 1 when one does not work."""
    from spinhop.console import print_files, print_json, print_table, print_verdict
    from spinhop.verdicts.task_outcome import case_table

    if json:
        print_json([row for each in found for row in each.rows()])
    else:
        task = found[0].ideal.task
        for name, outcomes in (
            ("ideal wires", [each.ideal for each in found]),
            ("as drawn", [each.drawn for each in found]),
        ):
            cases = [case for outcome in outcomes if outcome is not None for case in outcome.cases]
            if cases:
                print_table(f"{title}, {name}", *case_table(task, cases), whole=whole)
                print(*(f"{line}\n" for line in task.said(cases)), sep="", end="")
        for each in found:
            print_files(each.folder)
            print_verdict(each.lines, each.step)
    if any(line.failed for each in found for line in each.lines):
        raise typer.Exit(1)


def reproduce(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results, figures and the page.")] = Path(
        "reproduction"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="The reduced run.")] = False,
    task: Annotated[list[str] | None, typer.Option("--task", help="Only this task; again for more.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of every random draw.")] = 1,
    drawn: Annotated[bool, typer.Option("--drawn/--no-drawn", help="Also the tasks on extracted layouts.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Repeat tasks that are already stored.")] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    whole: All = False,
    json: Json = False,
) -> None:
    """Every number of the paper: printed, by its authors' formula, ideal and as drawn. Exit code 1 if any differs."""
    from spinhop.console import TaskBar, print_files, print_json, print_table
    from spinhop.reproduce import reproduce as run
    from spinhop.reproduce.reproduction_page import interval

    with TaskBar("reproduce") as bar:
        result = run(
            out, quick=quick, seed=seed, tasks=task or None, layouts=drawn, fresh=force, report=bar.named,
            workers=workers, scheduler=scheduler,
        )  # fmt: skip
    if json:
        print_json({
            "page": str(result.page), "table": str(result.table), "seconds": result.seconds,
            "rows": [{"task": name, **row.as_dict()} for name, row in result.rows],
        })  # fmt: skip
    else:
        cells = [
            [row.quantity, row.unit, *("–" if v is None else f"{v:.4g}" for v in (row.paper, row.estimate)),
             interval(row.ideal), ", ".join(f"{name}: {value.value:.4g}" for name, value in row.drawn.items()),
             row.status]
            for _, row in result.rows if whole or row.status not in ("pass", "info")
        ]  # fmt: skip
        title = "the paper's numbers" if whole else "the paper's numbers that ours do not agree with"
        print_table(title, ["", "unit", "paper", "authors' formula", "ideal", "as drawn", ""], cells)
        if not whole:
            print("all rows with --all")
        print_files(result.page, result.summary)
    if result.differing:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (image, maxcut, reproduce):
        app.command()(command)
