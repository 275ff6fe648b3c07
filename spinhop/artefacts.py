"""What stages share: names of a run's files, what of a design decides a result, and the networks they work on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.netcdf import write_netcdf
from spinhop.runs import Run

if TYPE_CHECKING:
    from hwlib.network import Network

IDEAL_TRACE, DRAWN_TRACE = "ideal.nc", "drawn.nc"
IDEAL_RECALL, DRAWN_RECALL = "recall_ideal.nc", "recall_drawn.nc"
NETWORK, REPORT = "network.nc", "report.html"


def design_inputs(run: Run, *without: str) -> list[Any]:
    """What of the design and process decides a result: their fields but some, and the weights they lead to.

    The accuracy that the verdict requires decides none.
    """
    from hwlib.weights import weight_levels

    left_out: dict[str, Any] = {"task": {"required_accuracy"}, **dict.fromkeys(without, True)}
    fields = run.design.model_dump(mode="json", exclude=left_out)
    weights = hashlib.sha256(weight_levels(run.design).tobytes()).hexdigest()
    return [fields, weights, run.process.model_dump(mode="json")]


def layout_file(run: Run) -> Path:
    """The layout a run extracts: OASIS where there is one, it is the smaller."""
    oasis = run.path("layout.oas")
    return oasis if "layout.oas" in run.files("layout") else run.path("layout.gds")


def ideal_wires(run: Run) -> Network:
    """The design's network with perfect wires."""
    from hwlib.schematic import ideal_network

    return ideal_network(run.design, run.process)


def drawn_network(run: Run) -> Network:
    """The network that the extraction stage wrote."""
    from hwlib.network import read_network

    return read_network(run.path(NETWORK))


def save_dataset(dataset: Any, path: Path) -> Path:
    """Write an xarray dataset as netCDF-4, whole or not at all."""
    return write_netcdf(dataset, path)
