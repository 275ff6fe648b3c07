"""``process list`` and ``process show``: the process presets that ship."""

from __future__ import annotations

from typing import Annotated

import typer

from spinhop.commands.options import Json

presets = typer.Typer(
    name="process", help="Process presets: list them, print one as a process file.", no_args_is_help=True
)


def _names(incomplete: str) -> list[str]:
    from hwlib.process import preset_names

    return [name for name in preset_names() if name.startswith(incomplete)]


@presets.command("list")
def list_presets(
    json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The documentation's page on them instead.")] = False,
) -> None:
    """List the presets: name, wires with their ohm per square, source of the numbers."""
    from spinhop.preset_list import preset_rows

    if markdown:
        from spinhop.preset_page import preset_page

        print(preset_page(), end="")
    elif json:
        from spinhop.console import print_json

        print_json({"presets": [row.data() for row in preset_rows()]})
    else:
        lines = [(row.name, f"{', '.join(map(str, row.metals))} Ω/sq", row.source) for row in preset_rows()]
        name, metals = (max(len(line[k]) for line in lines) for k in (0, 1))
        for line in lines:
            print(f"{line[0]:{name}}  {line[1]:{metals}}  {line[2]}")


@presets.command("show")
def show_preset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A preset's name.", autocompletion=_names)],
) -> None:
    """Print a preset as a process file, to change and to name in a design, as process: metals.yaml."""
    from hwlib.process import preset_text

    print(preset_text(name), end="")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(presets)
