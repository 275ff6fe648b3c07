"""The checks of a design in its run folder: design rules, layout against netlist, operating point."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hwlib.design import load_design
from hwlib.findings import Finding, failed, read_findings
from hwlib.scratch import scratch_folder
from spinhop import check_stages
from spinhop.artefacts import layout_file
from spinhop.check_page import write_check_page
from spinhop.check_stages import DATABASE, DRAWING, POINT_DRAWN, POINT_IDEAL
from spinhop.runs import Progress, Run, open_run
from spinhop.stages import EXTRACTION, LAYOUT

if TYPE_CHECKING:
    from hwlib.design import Design

LAYOUT_SUFFIXES = (".gds", ".oas")
LARGEST = 12  # neurons of the self-test's designs, so that a short one is quick

TITLES = {
    "drc": "design rules", "lvs": "layout against netlist", "lvs_database": "KLayout's LVS database",
    "erc_ideal": "operating point, ideal wires", "erc_drawn": "operating point, as drawn",
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What the checks of a design found.

    Attributes:
        folder: the run folder, with every check's JSON and databases.
        page: the findings as one HTML page, with pictures of where they are.
        findings: by name of the check; a check that could not be made (see ``skipped``) is absent.
        points: every rule on the operating point, those that hold too, and the V_DW windows, by name of the check
            (``OperatingPointReport.as_dict``).
        skipped: why a check was not made, or its database not written, by its name.
    """

    folder: Path
    page: Path
    findings: dict[str, list[Finding]]
    points: dict[str, dict[str, Any]]
    skipped: dict[str, str]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(failed(found) for found in self.findings.values())


def check_design(
    design: Path, *, out: Path | None = None, layout: Path | None = None, top: str | None = None, force: bool = False,
    progress: Progress = lambda stage, status, seconds: None,
) -> Checked:  # fmt: skip
    """Check a design's layout and operating point, keeping all results in its run folder.

    The operating point as drawn needs the extracted wires: it is left out when the drawing itself has errors.

    Args:
        design: design file.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to check instead of the drawn one.
        top: its cell to check, when it has several top cells.
        force: repeat checks whose inputs did not change.
        progress: as for ``run_design``.

    Raises:
        InputError: bad input, or a layout that cannot be checked at all.
    """
    if layout is not None:
        _refuse_unusable(layout, top, design)
    with open_run(design, out, layout=layout, top=top) as run:
        run.execute((LAYOUT, DRAWING, POINT_IDEAL), progress, force=force)
        findings = {name: read_findings(run.path(f"{name}.json")) for name in ("drc", "lvs", "erc_ideal")}
        skipped = {}
        if not run.path(DATABASE).is_file():
            large = run.design.network.neurons**2 > check_stages.DATABASE_DEVICES
            why = (
                f"the network has more than {check_stages.DATABASE_DEVICES} devices"
                if large
                else "its comparison was stopped"
            )
            skipped["lvs_database"] = f"{why}; see lvs.lyrdb, lvs.json"
        if failed(findings["drc"]) or failed(findings["lvs"]):
            skipped["erc_drawn"] = "the drawing has errors"
        else:
            run.execute((EXTRACTION, POINT_DRAWN), progress, force=force)
            findings["erc_drawn"] = read_findings(run.path("erc_drawn.json"))
        points = {name: _read_table(run, name) for name in findings if name.startswith("erc")}
        page = write_check_page(run.folder, layout_file(run), run.process, findings, points, TITLES)
        return Checked(run.folder, page, findings, points, skipped)


def _refuse_unusable(layout: Path, top: str | None, design: Path) -> None:
    """Name a layout that cannot be checked before anything is written."""
    from hwlib.checks import open_labelled_layout

    process = load_design(design).load_process()
    if layout.suffix in LAYOUT_SUFFIXES:  # any other is refused by its name
        open_labelled_layout(layout, process, top=top)


def _read_table(run: Run, name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(run.path(f"{name}_table.json").read_text(encoding="utf-8"))
    return table


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
