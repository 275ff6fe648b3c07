"""What stages share: names of a run's files, what of a design decides a result, and the networks they work on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.errors import InputError
from hwlib.storage.netcdf import write_netcdf
from spinhop.run_folder.runs import Run

if TYPE_CHECKING:
    from hwlib.design import Design
    from hwlib.drawing.reader import Drawing
    from hwlib.network import Network
    from hwlib.process import Process

IDEAL_TRACE, DRAWN_TRACE = "ideal.nc", "drawn.nc"
NETWORK, REPORT = "network.nc", "report.html"
COMPILING = "compiling"  # in the record of trials: s of them that an engine was compiled for
PARASITICS = "parasitics"  # in the extraction's record: the file that the wires are from

_PACKED = {"zlib": True, "complevel": 4, "shuffle": True}


def design_inputs(run: Run, *without: str) -> list[Any]:
    """What of a run's design and process decides a result, as of ``result_inputs``."""
    return result_inputs(run.design, run.process, *without)


def result_inputs(design: Design, process: Process, *without: str) -> list[Any]:
    """What of a design and process decides a result: their fields but some, and the weights they lead to.

    What the verdict requires decides none.
    """
    from hwlib.weights import weight_levels

    left_out: dict[str, Any] = {"task": {design.task.required_field}, **dict.fromkeys(without, True)}
    contents = hashlib.sha256(weight_levels(design).tobytes()).hexdigest()
    if design.programme is not None:  # what its files hold counts, not what they are called
        left_out["network"] = {"weights"}
        names = {name: name for name in design.task.files().values()}
        left_out["task"] = True if "task" in without else {design.task.required_field, *design.task.with_files(names)}
        contents += "" if "task" in without else design.programme.digest()
    if design.network.topology.graph is not None:
        left_out["network"] = {**dict.fromkeys(left_out.get("network", ()), True), "topology": {"graph"}}
        contents += hashlib.sha256(design.topology.joined.tobytes()).hexdigest()
    if "compensation" not in without and (voltages := design.net_levels()) is not None:
        left_out["compensation"] = {"weights_file"}
        contents += hashlib.sha256(repr(list(voltages.items())).encode()).hexdigest()
    return [design.model_dump(mode="json", exclude=left_out), contents, process.model_dump(mode="json")]


def task_file(kind: str, *, ideal: bool) -> str:
    """Name of the result file of a kind of tasks."""
    return f"{kind}_{'ideal' if ideal else 'drawn'}.nc"


def layout_file(run: Run) -> Path:
    """The layout a run extracts: OASIS where there is one, it is the smaller."""
    oasis = run.path("layout.oas")
    return oasis if "layout.oas" in run.files("layout") else run.path("layout.gds")


def open_drawing(run: Run) -> Drawing:
    """The run folder's layout, opened once, for stages that look at it.

    Messages call a copy of a file from outside by the name that was given.
    """
    from hwlib.drawing.reader import open_layout

    if run.drawing is None:
        run.drawing = open_layout(layout_file(run), run.process, devices=run.design.topology.devices)
    run.drawing.name = str(run.layout or layout_file(run))
    return run.drawing


def ideal_wires(run: Run) -> Network:
    """The design's network with perfect wires."""
    from hwlib.schematic import ideal_network

    return ideal_network(run.design, run.process)


def drawn_network(run: Run) -> Network:
    """The network that the extraction stage wrote, read once; errors of ``read_own_network``."""
    if run.network is None:
        run.network = read_own_network(run.path(NETWORK), run.design)
    return run.network


def read_own_network(path: Path, design: Design) -> Network:
    """A run folder's network.

    Raises:
        InputError: one line with the file; damaged, of another kind, or of another size than the design's.
    """
    from hwlib.network_file import read_network

    network = read_network(path)
    if network.neurons != design.network.neurons or network.devices != design.topology.devices:
        raise InputError(
            f"{path}: {network.neurons} neurons and {network.devices} devices, the run's design has "
            f"{design.network.neurons} neurons"
        )
    return network


def save_dataset(dataset: Any, path: Path) -> Path:
    """Write an xarray dataset as netCDF-4, whole or not at all; samples and events are compressed, without loss."""
    packed = [name for name, each in dataset.variables.items() if {"time", "event"} & set(each.dims)]
    return write_netcdf(dataset, path, {name: _PACKED for name in packed})
