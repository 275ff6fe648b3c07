"""``run`` and its single stages, each in the design's run folder."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwlib.errors import harmless
from spinhop.commands.options import (
    All,
    DesignFile,
    Engine,
    Force,
    Json,
    LayoutFile,
    LoneProcess,
    RunFolder,
    SpefFile,
    TopCell,
    is_layout,
    only_alone,
    refuse_given,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinhop.run_folder.runs import Run
    from spinhop.verdicts.next_step import NextStep
    from spinhop.verdicts.verdict import VerdictLine

Ideal = Annotated[bool, typer.Option("--ideal", help="Perfect wires only; needs no layout.")]


def run(
    design: DesignFile, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None, engine: Engine = "auto",
    force: Force = False, whole: All = False, json: Json = False,
) -> None:  # fmt: skip
    """All stages: layout, checks, extraction, simulation, recall, report. Unchanged stages are not repeated.

    Ends with the verdict; exit code 1 when the network does not work or a limit is broken.
    """
    from spinhop.run_folder.stored_results import StoredResults
    from spinhop.verdicts.read_function import read_function
    from spinhop.verdicts.read_verdict import read_limits, read_step

    done = _work("run", design, out=out, layout=layout, top=top, spef=spef, engine=engine, force=force)
    results = StoredResults.of(done)
    function, limits = read_function(results), read_limits(results)
    step = read_step(results, function=function, limits=limits)
    kinds = ["ideal", "drawn"] if done.files("simulation, drawn") else ["ideal"]  # else: not to be extracted
    if done.files(f"{done.design.task.kind}, ideal"):
        _print_outcomes(done, json, kinds, function, limits, step=step, whole=whole)
    else:  # recall with weights from a matrix: no stored patterns
        _print_trials(done, json, kinds, function, limits, step=step)


def layout(design: DesignFile, out: RunFolder = None, force: Force = False, json: Json = False) -> None:
    """Draw the layout (GDS, OASIS, picture)."""
    _print_stages(_work("layout", design, out=out, force=force), json)


def extract(
    design: DesignFile, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None, process: LoneProcess = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DESIGN", help="Design whose materials a lone device is of.")
    ] = None,
    force: Force = False, json: Json = False,
) -> None:  # fmt: skip
    """Extract wires and devices from the layout's polygons (netCDF, SPEF, SPICE).

    A layout file (.gds, .oas) in place of DESIGN is extracted as one device by itself: sizes, R_P, R_AP, R_M, mobility.
    """
    if is_layout(design):
        refuse_given("for designs, not for a device by itself", "layout", "spef")
        _extract_lone(design, out, "ebeam" if process is None else process, top, against, json)
        return
    only_alone()
    done = _work("extract", design, out=out, layout=layout, top=top, spef=spef, force=force)
    from spinhop.pages.resistance_table import FARTHEST, TO_FARTHEST, resistance_rows, resistance_table
    from spinhop.run_folder.artefacts import drawn_network

    table = resistance_table(drawn_network(done))
    if json:
        _print_stages(done, json, wires=[vars(row) for row in table])
        return
    from spinhop.console import print_table

    print_table(TO_FARTHEST, *resistance_rows(table))
    print(FARTHEST)
    _print_stages(done, json)


def _extract_lone(
    layout: Path, out: Path | None, process: str, top: str | None, against: Path | None, json: bool
) -> None:  # fmt: skip
    from spinhop.console import print_files, print_json, print_table
    from spinhop.lone_extraction import extract_alone

    found = extract_alone(layout, process, out=out, top=top, against=against)
    if json:
        print_json(found.data())
        return
    print_table("device as drawn", ["", ""], found.device.rows())
    if found.file is not None:
        print_files(found.file)
    if found.failed:
        print(harmless(f"next: spinhop check {layout}: the device breaks rules"))


def simulate(
    design: DesignFile, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None, engine: Engine = "auto",
    ideal: Ideal = False,
    voltages: Annotated[bool, typer.Option("--voltages", help="Keep the voltages of all nodes too.")] = False,
    force: Force = False, json: Json = False,
) -> None:  # fmt: skip
    """Simulate one trial with ideal and with drawn wires, keeping every wall over time, and score it."""
    goal = "simulate ideal" if ideal else "simulate"
    options = {"layout": layout, "top": top, "spef": spef, "engine": engine, "voltages": voltages}
    done = _work(goal, design, out=out, force=force, **options)
    _print_trials(done, json, ["ideal"] if ideal else ["ideal", "drawn"], scored=True)


def recall(
    design: DesignFile, out: RunFolder = None, layout: LayoutFile = None, top: TopCell = None,
    spef: SpefFile = None, engine: Engine = "auto",
    ideal: Ideal = False, force: Force = False, whole: All = False, json: Json = False,
) -> None:  # fmt: skip
    """Run the trials of the design's task (recall, images, max-cut), with ideal and with drawn wires.

    Exit code 1 when the network does not work.
    """
    from spinhop.run_folder.stored_results import StoredResults
    from spinhop.verdicts.read_function import read_function
    from spinhop.verdicts.read_verdict import read_step

    goal = "recall ideal" if ideal else "recall"
    done = _work(goal, design, out=out, layout=layout, top=top, spef=spef, engine=engine, force=force)
    line = read_function(StoredResults.of(done), ideal=ideal)
    step = read_step(StoredResults.of(done), function=line)
    _print_outcomes(done, json, ["ideal"] if ideal else ["ideal", "drawn"], line, step=step, whole=whole)


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")], json: Json = False
) -> None:  # fmt: skip
    """Write the report of a run folder again."""
    from spinhop.console import print_files
    from spinhop.running import rewrite_report

    path, lines, step = rewrite_report(folder)
    if json:
        print(json_module.dumps({"report": str(path), **_said(lines, step)}))
    else:
        print_files(path)
        _conclude(json, lines, step, judged=False)


def _work(goal: str, design: Path, **options: Any) -> Run:
    from spinhop.console import StageLines
    from spinhop.running import run_design

    with StageLines() as progress:
        return run_design(design, goal, progress=progress, **options)


def _stages(done: Run) -> dict[str, Any]:
    return {"folder": str(done.folder), "stages": done.manifest["stages"]}


def _print_stages(done: Run, json: bool, **more: Any) -> None:
    from spinhop.console import print_files

    if json:
        from spinhop.console import print_json

        print_json(_stages(done) | more)
    else:
        print_files(done.folder)


def _print_trials(
    done: Run, json: bool, kinds: Sequence[str], *lines: VerdictLine, scored: bool = False,
    step: NextStep | None = None,
) -> None:  # fmt: skip
    from spinhop.run_folder.stored_results import StoredResults
    from spinhop.verdicts.task_outcome import trial_data, trial_rows

    stored = StoredResults.of(done)
    results = {kind: trial_data(stored.trial(ideal=kind == "ideal")) for kind in kinds}
    rows = trial_rows(results)
    if scored:
        from sim.tasks.kinds import task_of
        from spinhop.verdicts.trial_score import trial_score

        scores = {kind: trial_score(done, ideal=kind == "ideal") for kind in kinds}
        task = task_of(done.design)
        for kind, score in scores.items():
            results[kind][task.measure] = score
        rows.append([task.measure_label, *("–" if each is None else f"{100 * each:.1f} %" for each in scores.values())])
    if json:
        _print_stages(done, json, outcome=results, **_said(lines, step))
    else:
        from spinhop.console import print_table

        print_table(f"{done.design.name}: one trial", ["", *results], rows)
        _print_stages(done, json)
    _conclude(json, lines, step)


def _print_outcomes(
    done: Run, json: bool, kinds: Sequence[str], *lines: VerdictLine, step: NextStep | None = None, whole: bool = False
) -> None:  # fmt: skip
    from spinhop.run_folder.stored_results import StoredResults
    from spinhop.verdicts.task_outcome import TaskOutcome, as_data, side_by_side

    task, stored = done.design.task.kind, StoredResults.of(done)
    outcomes = {kind: TaskOutcome.of(stored.task(ideal=kind == "ideal")) for kind in kinds}
    if json:
        data = {kind: as_data(outcome) for kind, outcome in outcomes.items()}
        _print_stages(done, json, outcome=data, **_said(lines, step))
    else:
        from spinhop.console import print_table

        print_table(f"{done.design.name}: {task}", ["", *outcomes], side_by_side(outcomes))
        for kind, outcome in outcomes.items():
            if outcome.cases:
                print_table(f"{done.design.name}: {task}, {kind}", *outcome.case_table(), whole=whole)
                print(*(f"{line}\n" for line in outcome.task.said(outcome.cases)), sep="", end="")
        _print_stages(done, json)
    _conclude(json, lines, step)


def _said(lines: Sequence[VerdictLine], step: NextStep | None) -> dict[str, Any]:
    """The verdict and the next step, for JSON."""
    return {line.name: line.data() for line in lines} | ({} if step is None else {"next": step.data()})


def _conclude(json: bool, lines: Sequence[VerdictLine], step: NextStep | None, *, judged: bool = True) -> None:
    """Print the verdict and the next step last; exit code 1 when the verdict is a bad one."""
    if not json:
        from spinhop.console import print_verdict

        print_verdict(lines, step)
    if judged and any(line.failed for line in lines):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, layout, extract, simulate, recall, report):
        app.command()(command)
