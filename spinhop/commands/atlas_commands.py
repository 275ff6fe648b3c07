"""``atlas``: up to which N networks work, per process, weight style and s."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwlib.seeds import LARGEST_SEED
from spinhop.commands.options import All, Json, Scheduler, Workers


def atlas(
    design: Annotated[
        Path | None,
        typer.Argument(metavar="[DESIGN]", help="Design file to resize; default Table I with one stored pattern."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of results.")] = Path("atlas"),
    process: Annotated[
        list[str] | None, typer.Option("--process", help="A preset; again for more. Default all of them.")
    ] = None,
    style: Annotated[
        list[str] | None, typer.Option("--style", help="Weight style, rails or lines; again for more. Default both.")
    ] = None,
    s: Annotated[
        list[float] | None, typer.Option("--s", help="R_P, R_AP, R_M × s, leaks / s; again for more. Default 1, 4, 16.")
    ] = None,
    largest: Annotated[int, typer.Option("--largest", help="N to look up to.", min=4, max=256)] = 48,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=LARGEST_SEED, help="Of patterns and starts; default the design's."),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate/--rules-only", help="Also simulate around the edge that the rules foretell.")
    ] = True,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the points that are stored.")] = False,
    whole: All = False,
    json: Json = False,
) -> None:
    """Find the N at which each rule first fails, and around that edge by simulation: a table, a picture, netCDF."""
    from spinhop.atlas import make_atlas
    from spinhop.atlas.atlas_results import COLUMNS, row_cells
    from spinhop.console import TaskBar, print_files, print_json, print_table

    with TaskBar("atlas") as bar:
        found = make_atlas(
            design, out, processes=process or (), styles=style or (), s=s or (1.0, 4.0, 16.0), largest=largest,
            seed=seed, simulate=simulate, workers=workers, scheduler=scheduler, fresh=force, progress=bar,
        )  # fmt: skip
    if json:
        files = {"table": str(found.table), "data": str(found.data), "figure": str(found.figure)}
        print_json({"largest": largest, "rows": found.rows, **files})
        return
    print_table(f"first N that fails, up to {largest}", COLUMNS, [row_cells(row) for row in found.rows], whole=whole)
    print_files(found.table)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(atlas)
