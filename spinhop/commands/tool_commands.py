"""``show`` and ``doctor``: KLayout and the state of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spinhop.commands.options import Json


def show(layout: Annotated[Path, typer.Argument(metavar="LAYOUT", help="GDS or OASIS file.")]) -> None:
    """Show a layout in a running KLayout (over its klive package)."""
    from spinhop.klive import show_layout

    show_layout(layout)


def doctor(json: Json = False) -> None:
    """Say what is installed: versions, ngspice, KLayout, threads. Exit code 1 when a package is missing."""
    from spinhop.doctor import examine

    lines = examine()
    if json:
        from spinhop.console import print_json

        print_json({line.what: line.found for line in lines})
    else:
        from spinhop.console import print_table

        print_table("spinhop doctor", ["", "found"], [[line.what, line.found] for line in lines])
    if not all(line.good for line in lines):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(show)
    app.command()(doctor)
