"""``codesigned``: the designs that ship, drawn and run again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from spinhop.commands.options import Json, Scheduler, Workers


def codesigned(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Designs; default all.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of results; a stopped run goes on there.")] = Path(
        "runs/codesigned"
    ),
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write the page of the docs; rows of designs not named stay."),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Annotated[bool, typer.Option("--force", help="Forget the results that are stored.")] = False,
    json: Json = False,
) -> None:
    """Draw, check, extract and run the designs of layouts/codesigned again. Exit code 1 if one does not hold."""
    from hwlib.storage.writing import refuse_unwritable, write_text
    from spinhop.codesigned import codesigned_paths, measure
    from spinhop.codesigned_page import COLUMNS, codesigned_page, read_page, result_rows
    from spinhop.console import TaskBar, print_json, print_table

    paths = codesigned_paths(names or ())
    before = read_page(markdown) if markdown is not None and markdown.exists() else ""
    if markdown is not None:
        refuse_unwritable(markdown)
    kept = before if names else ""
    with TaskBar("codesigned") as bar:
        results = measure(paths, out, workers=workers, scheduler=scheduler, fresh=force, progress=bar)
    if markdown is not None:  # before anything is printed: nobody may be reading
        shipped = [path.stem for path in codesigned_paths()]
        write_text(markdown, codesigned_page(results, kept, shipped))
    if json:
        print_json({"designs": [asdict(result) | {"holds": result.holds} for result in results]})
    else:
        print_table("Designs that work as drawn", list(COLUMNS), result_rows(results))
    if not all(result.holds for result in results):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(codesigned)
