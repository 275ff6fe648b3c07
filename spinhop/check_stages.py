"""The stages of a check: drawing against its rules and its netlist, operating point with ideal and drawn wires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hwlib.findings import write_findings
from spinhop.artefacts import design_inputs, drawn_network, ideal_wires, layout_file
from spinhop.runs import Run, Stage

if TYPE_CHECKING:
    from hwlib.network import Network

DATABASE_DEVICES = 40_000  # KLayout's comparison of more takes minutes and its .lvsdb hundreds of megabytes
DEVICES, DATABASE = "devices.nc", "lvs.lvsdb"


def _check_drawing(run: Run) -> Sequence[str]:
    from hwlib.checks import drc, lvs, open_labelled_layout, write_lyrdb

    drawing = open_labelled_layout(layout_file(run), run.process)
    rules = drc(drawing, run.process)
    write_findings(rules, run.path("drc.json"))
    write_lyrdb(rules, run.path("drc.lyrdb"), top_cell=drawing.top.name)
    database = run.path(DATABASE)
    database.unlink(missing_ok=True)
    wanted = run.design.network.neurons**2 <= DATABASE_DEVICES
    found = lvs(
        drawing, run.process, run.design, devices=run.path(DEVICES), database=database if wanted else None
    )  # fmt: skip
    write_findings(found, run.path("lvs.json"))
    write_lyrdb(found, run.path("lvs.lyrdb"), top_cell=drawing.top.name)
    names = ["drc.json", "drc.lyrdb", "lvs.json", "lvs.lyrdb", DEVICES]
    return [*names, DATABASE] if database.is_file() else names


def _check_point(run: Run, network: Network, name: str) -> Sequence[str]:
    import sim
    from hwlib.checks import write_lyrdb
    from hwlib.drawing.layout_file import top_cell_name

    report = sim.judge(network, run.design, run.process)
    write_findings(report.findings(), run.path(f"{name}.json"))
    report.write_json(run.path(f"{name}_table.json"))
    write_lyrdb(report.markers(), run.path(f"{name}.lyrdb"), top_cell=top_cell_name(layout_file(run)))
    return [f"{name}.json", f"{name}_table.json", f"{name}.lyrdb"]


def _check_ideal_point(run: Run) -> Sequence[str]:
    """With perfect wires, but with the devices where they are drawn: markers need a place."""
    from hwlib.checks import read_device_places

    x, y = read_device_places(run.path(DEVICES))
    return _check_point(run, ideal_wires(run).with_devices(device_x=x, device_y=y), "erc_ideal")


def _check_drawn_point(run: Run) -> Sequence[str]:
    return _check_point(run, drawn_network(run), "erc_drawn")


def _drawing_inputs(run: Run) -> Any:
    return design_inputs(run, "task")


DRAWING = Stage("checks of the drawing", ("layout",), ("hwlib",), _drawing_inputs, _check_drawing)
POINT_IDEAL = Stage("checks, ideal wires", (DRAWING.name,), ("hwlib", "sim"), design_inputs, _check_ideal_point)
POINT_DRAWN = Stage("checks, as drawn", ("extraction",), ("hwlib", "sim"), design_inputs, _check_drawn_point)
