"""``examples list``, ``show`` and ``copy``: the designs that ship."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer

from spinhop.commands.options import Json, Overwrite

_WIDEST = 100  # characters of what an example shows

examples = typer.Typer(name="examples", help="Example designs: list, print, copy them.", no_args_is_help=True)


def _names(incomplete: str) -> list[str]:
    from spinhop.designs.example_designs import example_names

    return [name for name in example_names() if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="An example's name.", autocompletion=_names)]


@examples.command("list")
def list_examples(json: Json = False) -> None:
    """List the examples: name, neurons, weight style, process, task, and what they show."""
    import re
    from dataclasses import asdict

    from spinhop.console import print_json
    from spinhop.designs import example_designs

    found = example_designs.examples()
    if json:
        print_json({"examples": [asdict(example) for example in found]})
        return
    name, process = (max(len(getattr(e, field)) for e in found) for field in ("name", "process"))
    for e in found:
        sentence = shorten(re.split(r"(?<!Fig)\. ", e.shows)[0].removesuffix("."), _WIDEST, placeholder=" …")
        print(f"{e.name:{name}}  N = {e.neurons:<3} {e.style:5}  {e.process:{process}}  {e.task:7} {sentence}")


@examples.command("show")
def show_example(name: Name) -> None:
    """Print an example's design file."""
    from spinhop.designs.example_designs import example_text

    print(example_text(name), end="")


@examples.command("copy")
def copy(
    name: Name,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to copy into; default this one.")] = Path(),
    force: Overwrite = False,
) -> None:
    """Copy an example and the files that it names, to change them and to run."""
    from spinhop.console import print_files
    from spinhop.designs.example_designs import copy_example

    print_files(*copy_example(name, out, replace=force))


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(examples)
