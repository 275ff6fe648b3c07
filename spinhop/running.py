"""Bringing a run folder up to date: which stages for which goal, and the report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hwlib.design import load_design
from hwlib.errors import InputError, one_line
from spinhop.artefacts import REPORT, design_inputs
from spinhop.check_stages import CHECK_PAGE, DRAWING, POINT_DRAWN, POINT_IDEAL, drawing_failed
from spinhop.checking import refuse_unusable, run_checks
from spinhop.inputs import RESOLVED
from spinhop.provenance import file_hash
from spinhop.read_verdict import note_not_extracted, read_function, read_limits, why_not_extracted
from spinhop.runs import Progress, Run, Stage, open_run, reopen_run
from spinhop.stages import (
    EXTRACTION,
    LAYOUT,
    RECALL_DRAWN,
    RECALL_IDEAL,
    SIMULATION_DRAWN,
    SIMULATION_IDEAL,
)
from spinhop.verdict import Line


def _report(run: Run) -> Sequence[str]:
    from spinhop.report import write_report

    write_report(run.folder)
    return [REPORT]


def _report_inputs(run: Run) -> Any:
    return [design_inputs(run), run.design.task.required_accuracy, why_not_extracted(run.manifest)]


IDEAL = (SIMULATION_IDEAL, RECALL_IDEAL)
DRAWN = (SIMULATION_DRAWN, RECALL_DRAWN)
REPORT_STAGE = Stage(
    "report",
    tuple(stage.name for stage in (LAYOUT, EXTRACTION, DRAWING, POINT_IDEAL, POINT_DRAWN, CHECK_PAGE, *IDEAL, *DRAWN)),
    ("hwlib", "sim", "spinhop"), _report_inputs, _report,
)  # fmt: skip
UP_TO = {
    "layout": (LAYOUT,),
    "extract": (LAYOUT, EXTRACTION),
    "simulate": (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN),
    "simulate ideal": (SIMULATION_IDEAL,),
    "recall": (LAYOUT, EXTRACTION, RECALL_IDEAL, RECALL_DRAWN),
    "recall ideal": (RECALL_IDEAL,),
}


def rewrite_report(folder: Path) -> tuple[Path, tuple[Line, Line]]:
    """Write the report of a run folder again, from the files that are there; returns it and its verdict.

    Raises:
        InputError: no run folder, a run is under way in it, or a stage that the report shows has not run.
    """
    from spinhop.report import write_report

    with reopen_run(folder) as manifest:
        path = write_report(folder)
        record = manifest["stages"].get(REPORT_STAGE.name)
        if record:
            record["files"][REPORT] = file_hash(path)
        design = load_design(folder / RESOLVED)
        return path, (read_function(folder, manifest, design), read_limits(folder, manifest, design))


def run_design(
    design: Path, goal: str = "run", *, out: Path | None = None, layout: Path | None = None, top: str | None = None,
    engine: str = "auto", force: bool = False, progress: Progress = lambda stage, status, seconds: None,
) -> Run:  # fmt: skip
    """Bring the run folder of a design up to date.

    Args:
        design: design file.
        goal: ``run`` for all, checks and report too, or which stages, a key of ``UP_TO``.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to use instead of drawing one.
        top: its cell to use, when it has several top cells.
        engine: simulation engine.
        force: repeat stages whose inputs did not change, and overwrite files changed by hand.
        progress: called with stage, ``start``, ``done`` or ``kept``, and seconds; its method ``advance(done, total)``,
            if it has one, within stages that count; its method ``remark(text)`` with what else there is to say.

    Raises:
        InputError: bad input to any stage; files of finished stages stay.
    """
    if goal == "run":
        refuse_unusable(layout, top, design)
    with open_run(design, out, layout=layout, top=top, engine=engine) as run:
        run.advance = getattr(progress, "advance", run.advance)
        run.remark = getattr(progress, "remark", run.remark)
        if goal == "run":
            _run_all(run, progress, force)
        else:
            run.execute(UP_TO[goal], progress, force=force)
        return run


def _run_all(run: Run, progress: Progress, force: bool) -> None:
    """Checks, trials with ideal and with drawn wires, report; a drawing with errors is simulated as far as it goes."""
    from hwlib.weights import stored_patterns

    checks = run_checks(run, progress, force=force)
    ideal: Sequence[Stage] = IDEAL
    drawn: Sequence[Stage] = DRAWN
    recalled = stored_patterns(run.design) is not None
    if not recalled:  # weights from a matrix
        ideal, drawn = IDEAL[:1], DRAWN[:1]
    run.execute(ideal, progress, force=force)
    broken = drawing_failed(checks.findings)
    try:
        # The checks have extracted a drawing without errors.
        run.execute((EXTRACTION, *drawn) if broken else drawn, progress, force=force)
    except InputError as error:
        if not broken:
            raise
        run.forget(EXTRACTION, *DRAWN)
        note_not_extracted(run.manifest, one_line(str(error)))
    if not recalled:
        run.forget(RECALL_IDEAL, RECALL_DRAWN)  # now that nothing can be refused any more
    run.execute((REPORT_STAGE,), progress, force=force)
