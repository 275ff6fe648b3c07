"""``image``, ``maxcut`` and ``reproduce``: the paper's tasks on the user's own pictures and graphs, and all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from spinhop.commands.options import Engine, Json

Pictures = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PICTURE]...", help="Bitmaps (PNG …) or text; default the letters U, T, D."),
]
Graphs = Annotated[
    list[Path],
    typer.Argument(
        metavar="GRAPH...", help="Graph files: edge lists (rudy, Gset), Matrix Market, DIMACS, GML, GraphML."
    ),
]


def image(
    pictures: Pictures = None,
    distortion: Annotated[list[float] | None, typer.Option("--distortion", "-d", help="Share of flipped bits.")] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1_000_000, help="Per picture and distortion.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the distortions.")] = 1,
    threshold: Annotated[
        float, typer.Option("--threshold", metavar="SHARE", help="Brightness, 0 to 1, below which a pixel is dark: ON.")
    ] = 0.5,
    invert: Annotated[bool, typer.Option("--invert", help="Light pixels are ON instead of dark ones.")] = False,
    engine: Engine = "auto",
    json: Json = False,
) -> None:
    """Store pictures, load distorted copies, and count the bits that come back right (ideal wires)."""
    from spinhop.console import TaskBar, print_json, print_table
    from spinhop.pictures import recall_pictures

    with TaskBar("recall") as bar:
        rows = recall_pictures(
            pictures or [], distortion or [0.1, 0.3], trials, seed, threshold=threshold, invert=invert, engine=engine,
            progress=bar, remark=bar.remark,
        )  # fmt: skip
    if json:
        print_json([row._asdict() for row in rows])
        return
    from spinhop.outcome import text

    cells = [
        [r.picture, f"{100 * r.distortion:g} %", f"{100 * r.accuracy_mean:.1f} %", f"{r.recalled} of {trials}",
         f"{r.undetermined} of {trials}", text(r.time_mean, "s")]
        for r in rows
    ]  # fmt: skip
    print_table(
        "images", ["picture", "distortion", "accuracy", "recalled", "undetermined", "time to solution, mean"], cells
    )


def maxcut(
    graphs: Graphs,
    mapping: Annotated[
        Literal["paper", "balanced", "degree"], typer.Option("--mapping", help="How edges become weights.")
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
    engine: Engine = "auto",
    json: Json = False,
) -> None:
    """Cut graphs with the network (ideal wires), beside the best cut that software finds."""
    from spinhop.console import TaskBar, print_json, print_table
    from spinhop.cutting import cut_graphs, cut_table, undetermined_lines

    with TaskBar("max-cut") as bar:
        rows = cut_graphs(
            graphs, mapping=mapping, weight=weight, engine=engine, prove_seconds=prove, progress=bar, remark=bar.remark
        )
    if json:
        print_json([row._asdict() for row in rows])
        return
    print_table("max-cut", *cut_table(rows))
    for line in undetermined_lines(rows):
        print(line)


def reproduce(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results, figures and the page.")] = Path(
        "reproduction"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="The reduced run.")] = False,
    task: Annotated[list[str] | None, typer.Option("--task", help="Only this task; may be repeated.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of every random draw.")] = 1,
    drawn: Annotated[bool, typer.Option("--drawn/--no-drawn", help="Also the tasks on extracted layouts.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Repeat tasks that are already stored.")] = False,
    json: Json = False,
) -> None:
    """Every number of the paper: printed, by its authors' formula, ideal and as drawn. Exit code 1 if any differs."""
    from spinhop.console import TaskBar, print_json, print_table
    from spinhop.reproduce import reproduce as run

    with TaskBar("reproduce") as bar:
        result = run(out, quick=quick, seed=seed, tasks=task or None, layouts=drawn, fresh=force, report=bar.named)
    if json:
        print_json({
            "page": str(result.page), "table": str(result.table), "seconds": result.seconds,
            "rows": [{"task": name, **row.as_dict()} for name, row in result.rows],
        })  # fmt: skip
    else:
        cells = [
            [row.quantity, row.unit, *("–" if v is None else f"{v:.4g}" for v in (row.paper, row.estimate)),
             "–" if row.ideal is None else f"{row.ideal.value:.4g} ({row.ideal.low:.4g} … {row.ideal.high:.4g})",
             ", ".join(f"{name}: {value.value:.4g}" for name, value in row.drawn.items()), row.status]
            for _, row in result.rows
        ]  # fmt: skip
        print_table("the paper's numbers", ["", "unit", "paper", "authors' formula", "ideal", "as drawn", ""], cells)
        print(result.page)
    if result.differing:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (image, maxcut, reproduce):
        app.command()(command)
