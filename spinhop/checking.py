"""The checks of a design in its run folder: design rules, layout against netlist, operating point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from hwlib.findings import Finding, failed, read_findings, write_findings
from spinhop.check_page import write_check_page
from spinhop.runs import Progress, Run, Stage, open_run
from spinhop.stages import EXTRACTION, LAYOUT, design_inputs, drawn_network, ideal_wires, layout_file

if TYPE_CHECKING:
    from hwlib.design import Design

TITLES = {
    "drc": "design rules", "lvs": "layout against netlist",
    "erc_ideal": "operating point, ideal wires", "erc_drawn": "operating point, as drawn",
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What the checks of a design found.

    Attributes:
        folder: the run folder, with every check's JSON and databases.
        page: the findings as one HTML page, with pictures of where they are.
        findings: by name of the check; a check that could not be made (see ``skipped``) is absent.
        skipped: why a check was not made, by its name.
    """

    folder: Path
    page: Path
    findings: dict[str, list[Finding]]
    skipped: dict[str, str]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(failed(found) for found in self.findings.values())


def check_design(
    design: Path, *, out: Path | None = None, layout: Path | None = None, force: bool = False,
    progress: Progress = lambda stage, status, seconds: None,
) -> Checked:  # fmt: skip
    """Check a design's layout and operating point, keeping all results in its run folder.

    The operating point as drawn needs the extracted wires: it is left out when the drawing itself has errors.

    Args:
        design: design file.
        out: run folder, default ``runs/<design name>``.
        layout: GDS or OASIS file to check instead of the drawn one.
        force: repeat checks whose inputs did not change.
        progress: as for ``run_design``.

    Raises:
        InputError: bad input, or a layout that cannot be checked at all.
    """
    with open_run(design, out, layout=layout) as run:
        run.execute((LAYOUT, DRAWING, POINT_IDEAL), progress, force=force)
        findings = {name: read_findings(run.path(f"{name}.json")) for name in ("drc", "lvs", "erc_ideal")}
        skipped = {}
        if failed(findings["drc"]) or failed(findings["lvs"]):
            skipped["erc_drawn"] = "the drawing has errors"
        else:
            run.execute((EXTRACTION, POINT_DRAWN), progress, force=force)
            findings["erc_drawn"] = read_findings(run.path("erc_drawn.json"))
        page = write_check_page(run.folder, layout_file(run), run.process, findings, TITLES)
        return Checked(run.folder, page, findings, skipped)


def _check_drawing(run: Run) -> Sequence[str]:
    from hwlib.checks import drc, lvs, write_lyrdb

    layout = layout_file(run)
    top = _top_cell(layout)
    rules = drc(layout, run.process)
    write_findings(rules, run.path("drc.json"))
    write_lyrdb(rules, run.path("drc.lyrdb"), top_cell=top)
    write_findings(lvs(layout, run.process, run.design, database=run.path("lvs.lvsdb")), run.path("lvs.json"))
    return ["drc.json", "drc.lyrdb", "lvs.json", "lvs.lvsdb"]


def _top_cell(layout: Path) -> str:
    import klayout.db as kdb

    read = kdb.Layout()
    read.read(str(layout))
    return read.top_cell().name


def _check_point(run: Run, network: Any, name: str) -> Sequence[str]:
    from hwlib.weights import weight_levels
    from sim.protocol import protocol_for
    from sim.rules import operating_point_report

    protocol = protocol_for(run.design, run.process, levels=weight_levels(run.design))
    report = operating_point_report(
        network, protocol, run.design.device, run.process, waivers=run.design.waivers
    )  # fmt: skip
    write_findings(report.findings(), run.path(f"{name}.json"))
    report.write_json(run.path(f"{name}_table.json"))
    return [f"{name}.json", f"{name}_table.json"]


def _check_drawn_point(run: Run) -> Sequence[str]:
    from hwlib.checks import write_lyrdb

    names = _check_point(run, drawn_network(run), "erc_drawn")
    top = _top_cell(layout_file(run))
    write_lyrdb(read_findings(run.path("erc_drawn.json")), run.path("erc_drawn.lyrdb"), top_cell=top)
    return [*names, "erc_drawn.lyrdb"]


def _inputs(run: Run) -> Any:
    return design_inputs(run, "task")


DRAWING = Stage("checks of the drawing", ("layout",), ("hwlib",), _inputs, _check_drawing)
POINT_IDEAL = Stage(
    "checks, ideal wires", (), ("hwlib", "sim"), _inputs, lambda run: _check_point(run, ideal_wires(run), "erc_ideal")
)
POINT_DRAWN = Stage("checks, as drawn", ("extraction",), ("hwlib", "sim"), _inputs, _check_drawn_point)


class Tried(NamedTuple):
    """How many planted faults of one kind the right check found at the right place."""

    kind: str
    planted: int
    caught: int


def try_checks(
    faults: int, seed: int, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Tried]:  # fmt: skip
    """Plant faults on clean layouts of random designs, and count those that the checks find where they are.

    Args:
        faults: how many, over all kinds and designs.
        seed: of designs and places.
        progress: called with (faults done, in all).
    """
    import layouts
    from hwlib.checks.self_test import random_designs, self_test

    per_design = 10
    designs = random_designs(-(-faults // per_design), seed, largest=12)
    counts: dict[str, list[int]] = {}
    with TemporaryDirectory() as folder:

        def drawn(design: Design) -> Path:
            return layouts.write_layout(layouts.hopfield(design), Path(folder) / f"{design.name}.oas")

        for done, outcome in enumerate(self_test(drawn, designs, per_design, seed), start=1):
            count = counts.setdefault(outcome.fault.kind, [0, 0])
            count[0] += 1
            count[1] += outcome.caught
            progress(done, len(designs) * per_design)
    return [Tried(kind, *count) for kind, count in sorted(counts.items())]
