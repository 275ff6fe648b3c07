"""``new`` and ``schema``: where a design starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from spinhop.commands.options import Overwrite


def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Design file to write; its stem names the design.")],
    neurons: Annotated[int, typer.Option("--neurons", "-n", help="Number of neurons.")] = 8,
    style: Annotated[Literal["rails", "lines"], typer.Option("--style", help="Weight style.")] = "rails",
    process: Annotated[str, typer.Option("--process", help="Preset, or process file beside FILE.")] = "ebeam",
    force: Overwrite = False,
) -> None:
    """Write a commented starter design, on rails with the wires of one that works as drawn."""
    from spinhop.console import print_files
    from spinhop.designs.starter import write_starter

    print_files(write_starter(path, neurons=neurons, weight_style=style, process=process, replace=force))


def schema(
    kind: Annotated[Literal["design", "process", "study"], typer.Argument(help="Which file.")] = "design",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write instead of printing.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference page of all files instead.")] = False,
    force: Overwrite = False,
) -> None:
    """Export the JSON schema of the design, process or study file."""
    import json

    from hwlib.storage.writing import refuse_existing, write_text
    from spinhop.schema import json_schema, reference_page

    text = reference_page() if markdown else json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        print(text, end="")
    else:
        refuse_existing(out, force)
        write_text(out, text, replace=force)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(new)
    app.command()(schema)
