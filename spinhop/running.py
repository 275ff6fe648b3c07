"""Bringing a run folder up to date: which stages for which goal, and the report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spinhop.artefacts import REPORT
from spinhop.provenance import file_hash
from spinhop.runs import Progress, Run, Stage, open_run, reopen_run
from spinhop.stages import (
    EXTRACTION,
    LAYOUT,
    RECALL_DRAWN,
    RECALL_IDEAL,
    SIMULATION_DRAWN,
    SIMULATION_IDEAL,
)


def _report(run: Run) -> Sequence[str]:
    from spinhop.report import write_report

    write_report(run.folder)
    return [REPORT]


_BEFORE_REPORT = (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN, RECALL_IDEAL, RECALL_DRAWN)
REPORT_STAGE = Stage(
    "report", tuple(stage.name for stage in _BEFORE_REPORT), ("hwlib", "sim", "spinhop"), lambda run: None, _report
)
ALL = (*_BEFORE_REPORT, REPORT_STAGE)
UP_TO = {
    "layout": (LAYOUT,),
    "extract": (LAYOUT, EXTRACTION),
    "simulate": (LAYOUT, EXTRACTION, SIMULATION_IDEAL, SIMULATION_DRAWN),
    "simulate ideal": (SIMULATION_IDEAL,),
    "recall": (LAYOUT, EXTRACTION, RECALL_IDEAL, RECALL_DRAWN),
    "recall ideal": (RECALL_IDEAL,),
    "run": ALL,
}


def rewrite_report(folder: Path) -> Path:
    """Write the report of a run folder again, from the files that are there.

    Raises:
        InputError: no run folder, a run is under way in it, or a stage that the report shows has not run.
    """
    from spinhop.report import write_report

    with reopen_run(folder) as manifest:
        path = write_report(folder)
        record = manifest["stages"].get(REPORT_STAGE.name)
        if record:
            record["files"][REPORT] = file_hash(path)
        return path


def run_design(
    design: Path, goal: str = "run", *, out: Path | None = None, layout: Path | None = None, top: str | None = None,
    engine: str = "auto", force: bool = False, progress: Progress = lambda stage, status, seconds: None,
) -> Run:  # fmt: skip
    """Bring the run folder of a design up to date.

    Args:
        design: design file.
        goal: which stages, a key of ``UP_TO``.
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
    from hwlib.weights import stored_patterns

    with open_run(design, out, layout=layout, top=top, engine=engine) as run:
        run.advance = getattr(progress, "advance", run.advance)
        run.remark = getattr(progress, "remark", run.remark)
        stages = UP_TO[goal]
        if goal == "run" and stored_patterns(run.design) is None:  # weights from a matrix: nothing to recall
            *others, report = (stage for stage in stages if stage not in (RECALL_IDEAL, RECALL_DRAWN))
            run.execute(others, progress, force=force)
            run.forget(RECALL_IDEAL, RECALL_DRAWN)  # now that nothing can be refused any more
            stages = (report,)
        run.execute(stages, progress, force=force)
        return run
