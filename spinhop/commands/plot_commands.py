"""``plot``: figures of what sweeps, yields and searches left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from spinhop.commands.options import Json


def plot(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of a sweep, a yield or a search.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of figures; default STORE/plots.")] = None,
    kind: Annotated[
        Literal["curve", "heat", "front", "histogram"] | None,
        typer.Option("--kind", help="One figure of this kind; default the usual ones."),
    ] = None,
    x: Annotated[str, typer.Option("--x", help="Parameter along the axis; of a front an objective.")] = "",
    y: Annotated[
        str, typer.Option("--y", help="Number; of a heat map the second parameter, of a front the other objective.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", help="Parameter that gives a line or colour each; of curves and histograms.")
    ] = "",
    value: Annotated[str, typer.Option("--value", help="Number of a heat map.")] = "",
    json: Json = False,
) -> None:
    """Draw the usual figures of results as SVG and PNG, and one page that tells values."""
    from spinhop.console import print_files, print_json, print_table
    from spinhop.plotting import plot_store

    found = plot_store(store, out, kind=kind, x=x, y=y, by=by, value=value)
    if json:
        print_json({"folder": str(found.folder), "page": str(found.page), "figures": found.figures})
    else:
        print_table("plot", ["figure", "file"], [[title, f"{stem}.svg"] for title, stem in found.figures.items()])
        print_files(found.page)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(plot)
