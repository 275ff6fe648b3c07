"""The stages of a check: drawing against its rules and its netlist, operating point with ideal and drawn wires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hwlib.errors import cut
from hwlib.findings import Finding, failed, read_findings, write_findings
from spinhop.run_folder.artefacts import PARASITICS, design_inputs, drawn_network, ideal_wires, open_drawing
from spinhop.run_folder.provenance import data_hash
from spinhop.run_folder.runs import Run, Stage
from spinhop.run_folder.stored_point import read_point, refuse_contradiction, refuse_other_design
from spinhop.run_folder.stored_results import StoredResults
from spinhop.verdicts.point_tables import Point

if TYPE_CHECKING:
    from hwlib.network import Network
    from spinhop.verdicts.next_step import NextStep
    from spinhop.verdicts.verdict import VerdictLine

DATABASE_DEVICES = 40_000  # KLayout's comparison of more takes minutes and its .lvsdb hundreds of megabytes
LAYOUT_STAGE = "layout"
DEVICES, DATABASE = "devices.nc", "lvs.lvsdb"

TITLES = {
    "drc": "design rules", "lvs": "layout against netlist", "lvs_database": "KLayout's LVS database",
    "erc_ideal": "operating point, ideal wires", "erc_drawn": "operating point, as drawn",
    "currents": "currents of wires and vias",
}  # fmt: skip


def _check_drawing(run: Run) -> Sequence[str]:
    from hwlib.checks import drc, lvs_beside, open_labelled_layout, write_lyrdb

    drawing = open_labelled_layout(open_drawing(run), run.process)
    drawing.refuse_for(run.design.topology.devices)
    database = run.path(DATABASE)
    database.unlink(missing_ok=True)
    wanted = database if run.design.topology.devices <= DATABASE_DEVICES else None
    with lvs_beside(drawing, run.process, run.design, devices=run.path(DEVICES), database=wanted) as compared:
        found = {"drc": drc(drawing, run.process), "lvs": compared()}
    for name, findings in found.items():
        write_findings(findings, run.path(f"{name}.json"))
        write_lyrdb(findings, run.path(f"{name}.lyrdb"), top_cell=drawing.top.name)
    names = ["drc.json", "drc.lyrdb", "lvs.json", "lvs.lyrdb", DEVICES]
    return [*names, DATABASE] if database.is_file() else names


@dataclass(frozen=True)
class Checks:
    """What the checks of a run folder found.

    Attributes:
        findings: by name of the check; one that could not be made (see ``skipped``) is absent.
        points: every rule on the operating point, those that hold too, and the V_DW windows, by name of the check
            (``OperatingPointReport.as_dict``).
        skipped: why a check was not made, or its database not written, by its name.
    """

    findings: dict[str, list[Finding]]
    points: dict[str, Point]
    skipped: dict[str, str]


def read_checks(results: StoredResults) -> Checks:
    """Read what the checks of a design found, as far as they were made of this design and its present layout.

    Raises:
        InputError: a file that is missing, or not the one that the check wrote.
    """
    findings: dict[str, list[Finding]] = {}
    points: dict[str, Point] = {}
    manifest = results.manifest
    for stage, names in ((DRAWING, ("drc", "lvs")), (POINT_IDEAL, ("erc_ideal",)), (POINT_DRAWN, ("erc_drawn",))):
        if not results.is_current(stage.name):
            continue
        findings |= {name: results.once(f"{name}.json", read_findings) for name in names}
        points |= {name: _table(results, name, findings[name]) for name in names if name.startswith("erc")}
    skipped = {}
    if "lvs" in findings and DATABASE not in manifest["stages"][DRAWING.name]["files"]:
        large = len(points["erc_ideal"]["values"]["low"]) ** 2 > DATABASE_DEVICES if "erc_ideal" in points else False
        why = f"the network has more than {DATABASE_DEVICES} devices" if large else "its comparison was stopped"
        skipped["lvs_database"] = f"{why}; see lvs.lyrdb, lvs.json"
    if findings and "erc_drawn" not in findings:
        skipped["erc_drawn"] = "the drawing has errors" if drawing_failed(findings) else "run spinhop check"
    used = manifest["stages"].get("extraction", {}).get(PARASITICS)
    if "erc_drawn" in findings and used:
        skipped["currents"] = f"the parasitics of {cut(str(used), 80)} name no layers"
    return Checks(findings, points, skipped)


def _table(results: StoredResults, name: str, findings: list[Finding]) -> Point:
    point: Point = results.once(f"{name}_table.json", read_point)
    path = results.folder / f"{name}_table.json"
    refuse_other_design(path, point, results.design)
    refuse_contradiction(path, point, findings, f"{name}.json")
    return point


def drawing_findings(results: StoredResults) -> dict[str, list[Finding]]:
    """What the checks of the drawing alone found; arguments and errors as of ``read_checks``."""
    return {name: results.once(f"{name}.json", read_findings) for name in ("drc", "lvs")}


def drawing_failed(findings: dict[str, list[Finding]]) -> bool:
    """Whether the drawing breaks its rules or is not the design's netlist."""
    return failed(findings.get("drc", [])) or failed(findings.get("lvs", []))


def _check_point(run: Run, network: Network, name: str) -> Sequence[str]:
    import sim
    from hwlib.checks import write_lyrdb

    report = sim.judge(network, run.design, run.process)
    write_findings(report.findings(), run.path(f"{name}.json"))
    report.write_json(run.path(f"{name}_table.json"))
    write_lyrdb(report.markers(), run.path(f"{name}.lyrdb"), top_cell=open_drawing(run).top.name)
    return [f"{name}.json", f"{name}_table.json", f"{name}.lyrdb"]


def _check_ideal_point(run: Run) -> Sequence[str]:
    """With perfect wires, but with the devices where they are drawn: markers need a place."""
    from hwlib.checks import read_device_places

    x, y = read_device_places(run.path(DEVICES))
    return _check_point(run, ideal_wires(run).with_devices(device_x=x, device_y=y), "erc_ideal")


def _check_drawn_point(run: Run) -> Sequence[str]:
    return _check_point(run, drawn_network(run), "erc_drawn")


def _write_page(run: Run) -> Sequence[str]:
    from spinhop.pages.check_page import checked_layout, write_check_page

    checks, limits, step = judged(run)
    found = [finding for each in checks.findings.values() for finding in each]
    # The page is written once more where trials change the next step, and the layout on it is most of the work.
    key = "layout on the page of the checks", data_hash([run.files(name) for name in CHECK_PAGE.needs])
    shown = run.kept.get(key)
    if shown is None or not all(run.path(name).is_file() for name in shown.names):
        shown = run.kept[key] = checked_layout(run.folder, open_drawing(run), run.process, found)
    return write_check_page(run.folder, shown, checks.findings, checks.points, TITLES, limits, step)


def judged(run: Run) -> tuple[Checks, VerdictLine, NextStep]:
    """What the checks found, the verdict on it, and what to do next; once for the same stages in the manifest.

    Raises:
        InputError: as of ``read_checks``.
    """
    from spinhop.verdicts.read_function import read_check_step
    from spinhop.verdicts.verdict import limits_line

    stages = {name: record for name, record in run.manifest["stages"].items() if name != CHECK_PAGE.name}
    key = "judged", data_hash(run.manifest | {"stages": stages})
    if key not in run.kept:
        results = StoredResults.of(run)
        checks = read_checks(results)
        limits = limits_line(checks.findings, checks.points, checks.skipped)
        run.kept[key] = checks, limits, read_check_step(results, limits, checks.findings)
    found: tuple[Checks, VerdictLine, NextStep] = run.kept[key]
    return found


def _page_inputs(run: Run) -> Any:
    """The next step too: trials of the task, which are no stages that the page waits for, have a say in it."""
    return [run.process.model_dump(mode="json"), judged(run)[2].data()]


def _drawing_inputs(run: Run) -> Any:
    return design_inputs(run, "task")


DRAWING = Stage("checks of the drawing", (LAYOUT_STAGE,), ("hwlib",), _drawing_inputs, _check_drawing)
POINT_IDEAL = Stage("checks, ideal wires", (DRAWING.name,), ("hwlib", "sim"), design_inputs, _check_ideal_point)
POINT_DRAWN = Stage("checks, as drawn", ("extraction",), ("hwlib", "sim"), design_inputs, _check_drawn_point)
CHECK_PAGE = Stage(
    "page of the checks", (LAYOUT_STAGE, DRAWING.name, POINT_IDEAL.name, POINT_DRAWN.name),
    ("hwlib", "layouts", "spinhop"), _page_inputs, _write_page,
)  # fmt: skip
