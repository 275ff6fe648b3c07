"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import click
import typer
from click.core import ParameterSource

DesignFile = Annotated[Path, typer.Argument(metavar="DESIGN", help="Design file (YAML).")]
RunFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Run folder; default runs/<design name>.")]
LayoutFile = Annotated[
    Path | None,
    typer.Option("--layout", help="Use this GDS or OASIS file (drawn elsewhere, edited by hand) instead of drawing."),
]
TopCell = Annotated[
    str | None,
    typer.Option("--top", metavar="CELL", help="Cell of --layout to use, in a file with several top cells or a chip."),
]
SpefFile = Annotated[
    Path | None,
    typer.Option("--spef", help="Use another tool's parasitics of the layout (SPEF, IEEE 1481) as the drawn wires."),
]
Engine = Annotated[str, typer.Option("--engine", help="Simulation engine: auto, reference, ideal or layout.")]
Force = Annotated[bool, typer.Option("--force", help="Repeat stages and overwrite files even if nothing changed.")]
Overwrite = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
All = Annotated[bool, typer.Option("--all", help="Print every row of long tables.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, max=1024, help="Processes at a time; default one per core.")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Use the workers of this Dask scheduler, as tcp://host:8786."),
]
LoneProcess = Annotated[
    str | None,
    typer.Option(
        "--process", help="Of a lone device, whose layout stands for DESIGN: preset or process file (ebeam if none)."
    ),
]


def finite(value: float | None) -> float | None:
    """Refuse what is no number: it is neither below the least value of an option nor above the largest."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value


def is_layout(path: Path) -> bool:
    """Whether a layout file stands where a design is usual."""
    return path.suffix in (".gds", ".oas")


def refuse_given(why: str, *names: str) -> None:
    """Refuse parameters that were given where they mean nothing.

    Args:
        why: what is said of them.
        names: of the command's parameters.
    """
    context = click.get_current_context()
    given = [
        each.metavar if isinstance(each, click.Argument) else each.opts[0]
        for each in context.command.params
        if each.name in names and context.get_parameter_source(each.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise typer.BadParameter(why, param_hint=", ".join(filter(None, given)))


def only_alone() -> None:
    """Refuse what a design says itself."""
    refuse_given("for a device by itself, a design has its own", "process", "against")
