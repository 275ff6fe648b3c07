"""``technology``, ``drc-script``, ``lvs-script``, ``views``: processes for KLayout, macros for a chip's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwlib.errors import harmless
from spinhop.commands.options import Json, Overwrite

ScriptFile = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else it is printed.")]
ProcessName = Annotated[str, typer.Argument(metavar="PROCESS", help="A preset's name, or a process file (YAML).")]


def technology(
    process: ProcessName = "ebeam",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the package.")] = Path("klayout"),
    json: Json = False,
) -> None:
    """Write a KLayout package of a process: technology, layers, DRC and LVS scripts, a check, and PCells."""
    import re

    from hwlib.process import load_process
    from spinhop.console import print_files
    from spinhop.run_folder.folder_lock import begins_with, hold, refuse_others

    rules = load_process(process)
    ours = begins_with(re.compile(rb"<name>spinhop_"))
    with hold(out, ("tech",), refuse_others("KLayout package of spinhop", "grain.xml", re.compile("tech"), ours)):
        from layouts.klayout_package import write_package  # which takes seconds to load

        files = write_package(rules, out)
    if json:
        from spinhop.console import print_json

        print_json({"files": [str(path) for path in files]})
    else:
        print_files(*files)
        print(f"next: link or copy {harmless(str(out))} into ~/.klayout/salt, and start KLayout")


def drc_script(process: ProcessName = "ebeam", out: ScriptFile = None, force: Overwrite = False) -> None:
    """Print or write a process's design rules as a script for KLayout's DRC engine."""
    from hwlib import checks
    from hwlib.process import load_process
    from spinhop.console import print_files

    rules = load_process(process)
    if out is None:
        print(checks.drc_script(rules), end="")
    else:
        _refuse_target(out, process, force)
        print_files(checks.write_drc_script(rules, out, replace=force))


def lvs_script(process: ProcessName = "ebeam", out: ScriptFile = None, force: Overwrite = False) -> None:
    """Print or write a process's device and wires as a script that compares layouts with netlists in KLayout."""
    from hwlib import checks
    from hwlib.process import load_process
    from spinhop.console import print_files

    rules = load_process(process)
    if out is None:
        print(checks.lvs_script(rules), end="")
    else:
        _refuse_target(out, process, force)
        print_files(checks.write_lvs_script(rules, out, replace=force))


def _refuse_target(out: Path, process: str, force: bool) -> None:
    """Refuse a script's file that is there, and the process's own file whatever is forced."""
    from hwlib.errors import InputError
    from hwlib.storage.writing import refuse_existing

    if out.exists() and Path(process).exists() and out.samefile(process):
        raise InputError(f"{out}: is the process itself; give another file")
    refuse_existing(out, force)


def views(
    design: Annotated[Path, typer.Argument(metavar="DESIGN", help="Design file (YAML), or a run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the views; default <design name>_views.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a drawn macro's views for a chip's tools: GDS with leads, LEF, Verilog black box, CDL."""
    from spinhop.console import print_files
    from spinhop.design_views import view_design

    files = [str(path) for path in view_design(design, out)]
    if json:
        from spinhop.console import print_json

        print_json({"files": files})
    else:
        print_files(*files)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(technology)
    app.command()(views)
    app.command("drc-script")(drc_script)
    app.command("lvs-script")(lvs_script)
