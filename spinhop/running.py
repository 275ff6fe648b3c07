"""Bringing a run folder up to date: which stages for which goal, and the report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design, load_design
from hwlib.errors import InputError, one_line, shown
from hwlib.process import Process
from spinhop.check_stages import CHECK_PAGE, DRAWING, POINT_DRAWN, POINT_IDEAL, drawing_failed
from spinhop.checking import run_checks
from spinhop.picture_stages import PART_PICTURE, WHOLE_PICTURE
from spinhop.run_folder.artefacts import REPORT as REPORT_FILE
from spinhop.run_folder.artefacts import design_inputs, drawn_network
from spinhop.run_folder.inputs import RESOLVED
from spinhop.run_folder.manifest import refuse_changed
from spinhop.run_folder.provenance import file_hash
from spinhop.run_folder.runs import Progress, Run, Stage, open_run, refuse_unused, reopen_run, tell_inputs
from spinhop.run_folder.stored_results import StoredResults
from spinhop.runtime.extras import DRAWING_PACKAGES, READING_PACKAGES, need
from spinhop.stages import (
    EXTRACTION,
    LAYOUT,
    SIMULATION_DRAWN,
    SIMULATION_IDEAL,
    task_stage,
)
from spinhop.verdicts.next_step import NextStep
from spinhop.verdicts.read_function import note_not_extracted, read_function, why_not_extracted
from spinhop.verdicts.read_verdict import read_limits, read_step
from spinhop.verdicts.verdict import VerdictLine


def _report(run: Run) -> Sequence[str]:
    from spinhop.report import write_report

    extracted = why_not_extracted(run.manifest) is None
    network = drawn_network(run) if extracted else None
    write_report(run.folder, run.resolved, network, results=StoredResults.of(run))
    return [REPORT_FILE]


def _report_inputs(run: Run) -> Any:
    return [design_inputs(run), run.design.task.required, why_not_extracted(run.manifest)]


REPORT = "report"


def report_stage(kind: str) -> Stage:
    """The stage that writes the report on a kind of tasks."""
    checks = (LAYOUT, EXTRACTION, WHOLE_PICTURE, PART_PICTURE, DRAWING, POINT_IDEAL, POINT_DRAWN, CHECK_PAGE)
    needs = tuple(stage.name for stage in (*checks, *ideal_stages(kind), *drawn_stages(kind)))
    return Stage(REPORT, needs, ("hwlib", "sim", "spinhop"), _report_inputs, _report)


def ideal_stages(kind: str) -> tuple[Stage, Stage]:
    """One trial, and the task's trials, with ideal wires."""
    return SIMULATION_IDEAL, task_stage(kind, ideal=True)


def drawn_stages(kind: str) -> tuple[Stage, Stage]:
    """One trial, and the task's trials, as drawn."""
    return SIMULATION_DRAWN, task_stage(kind, ideal=False)


GOALS = ("run", "layout", "extract", "simulate", "simulate ideal", "recall", "recall ideal")


def up_to(goal: str, kind: str) -> tuple[Stage, ...]:
    """The stages of a goal, for a kind of tasks."""
    ideal, drawn = task_stage(kind, ideal=True), task_stage(kind, ideal=False)
    return {
        "layout": (LAYOUT, WHOLE_PICTURE),
        "extract": (LAYOUT, EXTRACTION, WHOLE_PICTURE, PART_PICTURE),
        "simulate": (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN),
        "simulate ideal": (SIMULATION_IDEAL,),
        "recall": (LAYOUT, EXTRACTION, ideal, drawn),
        "recall ideal": (ideal,),
    }[goal]


def rewrite_report(folder: Path) -> tuple[Path, tuple[VerdictLine, VerdictLine], NextStep]:
    """Write the report of a run folder again, from the files that are there; returns it, its verdict, what to do next.

    Raises:
        InputError: no run folder, a run is under way in it, a stage that the report shows has not run, or a file of
            such a stage is not as the run left it.
    """
    from spinhop.report import write_report

    need(*READING_PACKAGES)
    with reopen_run(folder) as manifest:
        results = StoredResults(folder, manifest, load_design(folder / RESOLVED))
        refuse_changed(folder, manifest, report_stage(results.design.task.kind).needs)  # those that no page shows, too
        path = write_report(folder, results.design, results=results)
        record = manifest["stages"].get(REPORT)
        if record:
            record["files"][REPORT_FILE] = file_hash(path)
        function, limits = read_function(results), read_limits(results)
        return path, (function, limits), read_step(results, function=function, limits=limits)


@takes_kinds
def run_design(
    design: str | Path | Design, goal: str = "run", *, out: str | Path | None = None, layout: str | Path | None = None,
    top: str | None = None, spef: str | Path | None = None, engine: str = "auto", voltages: bool = False,
    force: bool = False, progress: Progress = lambda stage, status, seconds: None, remarks: Sequence[str] = (),
) -> Run:  # fmt: skip
    """Bring the run folder of a design up to date.

    Args:
        design: design file, or a design.
        goal: ``run`` for all, checks and report too, or how far, as of ``up_to``.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to use instead of drawing one.
        top: its cell to use, when it has several top cells.
        spef: parasitics of another tool (SPEF) to use instead of extracting wires.
        engine: simulation engine.
        voltages: keep node voltages in traces.
        force: repeat stages whose inputs did not change, and overwrite files changed by hand.
        progress: called with stage, ``start``, ``done`` or ``kept``, and seconds; its method ``advance(done, total)``,
            if it has one, within stages that count; ``say(text)`` with what is done now; ``remark(text)`` with what
            else there is to say.
        remarks: lines to say once the folder is had, before any stage; of one that cannot be had nothing else is said.

    Raises:
        InputError: bad input to any stage; files of finished stages stay.
    """
    from sim.compile_helper import start_early
    from sim.tasks.kinds import task_of

    if goal not in GOALS:
        raise InputError(f"goal: {shown(goal)}, allowed: {', '.join(GOALS)}")
    ideal = goal.endswith("ideal")
    if not ideal:
        need(*(DRAWING_PACKAGES if layout is None else READING_PACKAGES))
    to_simulate = goal not in ("layout", "extract")
    refuse_unused(ideal=ideal, layout=layout, spef=spef, engine=engine if to_simulate else "auto")
    with open_run(
        design, out, layout=layout, top=top, spef=spef, engine=engine, to_draw=not ideal, to_check=goal == "run",
        to_score=goal.startswith("recall"), refuse=partial(_check_engine, engine) if to_simulate else None,
    ) as run:  # fmt: skip
        run.voltages = voltages
        run.advance = getattr(progress, "advance", run.advance)
        run.say = getattr(progress, "say", run.say)
        run.remark = getattr(progress, "remark", run.remark)
        if goal.startswith(("run", "recall")):
            need(*task_of(run.design).packages)
        tell_inputs(run)
        for line in remarks:
            run.remark(line)
        if _will_compile(run, goal):
            start_early()
        if goal == "run":
            _run_all(run, progress, force)
        else:
            run.execute(up_to(goal, run.design.task.kind), progress, force=force)
        return run


def _check_engine(name: str, design: Design, process: Process) -> None:
    """``sim.engines.check_engine``, loaded once there is a design."""
    from sim.engines import check_engine

    check_engine(name, design, process)


def _will_compile(run: Run, goal: str) -> bool:
    """Whether drawn networks will be simulated on the layout engine, for the first time in a folder."""
    if goal not in ("run", "simulate", "recall") or run.engine not in ("auto", "layout"):
        return False
    done = [stage.name in run.manifest["stages"] for stage in drawn_stages(run.design.task.kind)]
    return not any(done) and run.design.operating_point.temperature is None


def _run_all(run: Run, progress: Progress, force: bool) -> None:
    """Checks, trials with ideal and with drawn wires, report; a drawing with errors is simulated as far as it goes."""
    from sim.tasks.kinds import task_of

    checks, kind = run_checks(run, progress, force=force), run.design.task.kind
    ideal: Sequence[Stage] = ideal_stages(kind)
    drawn: Sequence[Stage] = drawn_stages(kind)
    if task_of(run.design).unscored(run.design):  # weights from a matrix: nothing to recall
        ideal, drawn = ideal[:1], drawn[:1]
    broken = drawing_failed(checks.findings)
    run.execute((WHOLE_PICTURE,) if broken else (WHOLE_PICTURE, PART_PICTURE), progress, force=force)
    if not broken:
        run.drawing = None  # looked at for the last time: room for the trials
    run.execute(ideal, progress, force=force)
    try:
        # The checks have extracted a drawing without errors.
        run.execute((EXTRACTION, PART_PICTURE, *drawn) if broken else drawn, progress, force=force)
    except InputError as error:
        if not broken:
            raise
        run.forget(EXTRACTION.name, PART_PICTURE.name, *(stage.name for stage in drawn_stages(kind)))
        note_not_extracted(run.manifest, one_line(str(error)))
    run.forget(*other_tasks(run, (*ideal, *drawn)))  # now that nothing can be refused any more
    run.execute((CHECK_PAGE,), lambda stage, status, seconds: None)  # once more where the trials say what to do next
    run.execute((report_stage(kind),), progress, force=force)


def other_tasks(run: Run, now: Sequence[Stage]) -> list[str]:
    """Stages in the manifest whose trials are of a task that the design no longer has."""
    names, before = {stage.name for stage in now}, ("recall, ideal", "recall, drawn")
    trials = [name for name, record in run.manifest["stages"].items() if "task" in record or name in before]
    return [name for name in trials if name not in names]
