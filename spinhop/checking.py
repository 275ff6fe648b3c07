"""The checks of a design in its run folder: design rules, layout against netlist, operating point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.findings import Finding
from hwlib.process import load_process
from hwlib.storage.scratch import scratch_folder
from spinhop.check_stages import (
    CHECK_PAGE,
    DRAWING,
    POINT_DRAWN,
    POINT_IDEAL,
    Checks,
    drawing_failed,
    drawing_findings,
    judged,
)  # fmt: skip
from spinhop.pages.check_page import PAGE
from spinhop.pages.docs_links import see
from spinhop.run_folder.inputs import read_design
from spinhop.run_folder.runs import Progress, Run, open_run, tell_inputs
from spinhop.run_folder.stored_results import StoredResults
from spinhop.runtime.extras import DRAWING_PACKAGES, READING_PACKAGES, need
from spinhop.stages import EXTRACTION, LAYOUT
from spinhop.verdicts.next_step import NextStep
from spinhop.verdicts.point_tables import Point
from spinhop.verdicts.verdict import VerdictLine

if TYPE_CHECKING:
    from hwlib.checks.lone_device import LoneDevice

LARGEST = 12  # neurons of the self-test's designs, so that a short one is quick


@dataclass(frozen=True)
class Checked:
    """What the checks of a design found.

    Attributes:
        folder: the run folder, with every check's JSON and databases.
        page: the findings as one HTML page, with the layout that they are in.
        findings, points, skipped: as of ``Checks``.
        limits: the verdict on them.
        step: what to do next.
    """

    folder: Path
    page: Path
    findings: dict[str, list[Finding]]
    points: dict[str, Point]
    skipped: dict[str, str]
    limits: VerdictLine
    step: NextStep

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return self.limits.failed


@takes_kinds
def check_design(
    design: str | Path, *, out: str | Path | None = None, layout: str | Path | None = None, top: str | None = None,
    spef: str | Path | None = None, force: bool = False, progress: Progress = lambda stage, status, seconds: None,
) -> Checked:  # fmt: skip
    """Check a design's layout and operating point, keeping all results in its run folder.

    The operating point as drawn needs the extracted wires: it is left out when the drawing itself has errors.

    Args:
        design: design file.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to check instead of the drawn one.
        top: its cell to check, when it has several top cells.
        spef: parasitics of another tool (SPEF) to use instead of extracting wires.
        force: repeat checks whose inputs did not change.
        progress: as for ``run_design``.

    Raises:
        InputError: bad input, or a layout that cannot be checked at all.
    """
    need(*(DRAWING_PACKAGES if layout is None else READING_PACKAGES))
    with open_run(design, out, layout=layout, top=top, spef=spef, to_check=True) as run:
        run.remark = getattr(progress, "remark", run.remark)
        tell_inputs(run)
        run_checks(run, progress, force=force)
        checks, limits, step = judged(run)
        return Checked(run.folder, run.path(PAGE), checks.findings, checks.points, checks.skipped, limits, step)


def run_checks(run: Run, progress: Progress, *, force: bool = False) -> Checks:
    """Bring all checks of a run folder up to date, with the stages that they need, and read what they found."""
    _tell_rails(run)
    run.execute((LAYOUT, DRAWING, POINT_IDEAL), progress, force=force)
    # Not all checks are read: files of the drawn point may be gone, and are made below.
    if drawing_failed(drawing_findings(StoredResults.of(run))):
        run.forget(POINT_DRAWN.name)
    else:
        run.execute((EXTRACTION, POINT_DRAWN), progress, force=force)
    run.execute((CHECK_PAGE,), progress, force=force)
    return judged(run)[0]


def _tell_rails(run: Run) -> None:
    """Say that blocks of rails are judged without voltages of their own, where the design gives them none."""
    blocks = run.design.network.rail_blocks
    if blocks > 1 and (run.design.compensation is None or run.design.compensation.weights_file is None):
        run.remark(f"network.rail_blocks: {blocks} blocks of rails, all at the same voltages; {see('compensation')}")


def check_alone(layout: Path, process: str, *, top: str | None = None, against: Path | None = None) -> LoneDevice:
    """Check a layout that is one device by itself, and extract it.

    Args:
        layout: GDS or OASIS file.
        process: a preset's name, or a process file; that of ``against`` where one is given.
        top: its cell, when it has several top cells.
        against: design file whose device it is to be; default: sizes are free.

    Raises:
        InputError: a layout that cannot be read or has several devices, or a bad design or process.
    """
    need(*READING_PACKAGES)
    from hwlib.checks.lone_device import check_lone_device

    design = None if against is None else read_design(against)
    rules = load_process(process) if design is None else design.load_process()
    return check_lone_device(layout, rules, top=top, device=None if design is None else design.device)


class Tried(NamedTuple):
    """How many planted faults of one kind the right check found at the right place."""

    kind: str
    planted: int
    caught: int


def try_checks(
    faults: int, seed: int, *, largest: int = LARGEST, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Tried]:  # fmt: skip
    """Plant faults on clean layouts of random designs, and count those that the checks find where they are.

    Args:
        faults: how many, over all kinds and designs.
        seed: of designs and places.
        largest: number of neurons of the largest design.
        progress: called with (faults done, in all).
    """
    need(*DRAWING_PACKAGES)
    import layouts
    from hwlib.checks.self_test import random_designs, self_test

    per_design = 10
    designs = random_designs(-(-faults // per_design), seed, largest=largest)
    counts: dict[str, list[int]] = {}
    with scratch_folder() as folder:

        def drawn(design: Design) -> Path:
            return layouts.write_layout(layouts.hopfield(design), folder / f"{design.name}.oas")

        for done, outcome in enumerate(self_test(drawn, designs, per_design, seed), start=1):
            count = counts.setdefault(outcome.fault.kind, [0, 0])
            count[0] += 1
            count[1] += outcome.caught
            progress(done, len(designs) * per_design)
    return [Tried(kind, *count) for kind, count in sorted(counts.items())]
