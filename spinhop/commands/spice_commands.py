"""``spice``: decks of a design's trial, and ngspice's answer beside the engine's."""

from __future__ import annotations

from typing import Annotated

import typer

from spinhop.commands.options import DesignFile, Engine, Force, Json, LayoutFile, RunFolder, SpefFile, TopCell


def spice(
    design: DesignFile, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None, engine: Engine = "auto",
    ideal: Annotated[bool, typer.Option("--ideal", help="Perfect wires; needs no layout.")] = False,
    dialect: Annotated[
        str, typer.Option("--dialect", help="Of the deck: ngspice, xyce, vacask or spectre (Verilog-A).")
    ] = "ngspice",
    run: Annotated[bool, typer.Option("--run", help="Run the deck with ngspice or VACASK and compare.")] = False,
    force: Force = False, json: Json = False,
) -> None:  # fmt: skip
    """Write one trial as a deck for a circuit simulator, with drawn or ideal wires; --run simulates it."""
    from spinhop.console import StageLines, print_files, print_json, print_table
    from spinhop.run_folder.stored_results import StoredResults
    from spinhop.spice_stages import deck_stage, names, spice_design
    from spinhop.verdicts.task_outcome import read_trial_data, trial_data, trial_rows

    with StageLines() as progress:
        done = spice_design(
            design, ideal=ideal, run=run, out=out, layout=layout, top=top, spef=spef, engine=engine, dialect=dialect,
            force=force, progress=progress,
        )  # fmt: skip
    bench, seen = names(ideal, dialect)
    written = [name for name in done.files(deck_stage(ideal, dialect).name) if name != bench]
    results = {}
    if run:
        results = {dialect: read_trial_data(done.path(seen))}
        results["engine"] = trial_data(StoredResults.of(done).trial(ideal=ideal))
    if json:
        files = {"bench": bench, "network": written[0], "models": written[1:]}
        data = {"folder": str(done.folder), **files, "stages": done.manifest["stages"]}
        print_json(data | ({"outcome": results} if run else {}))
        return
    if run:
        print_table(f"{done.design.name}: one trial", ["", *results], trial_rows(results))
    print_files(done.path(bench))


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(spice)
