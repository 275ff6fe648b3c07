"""The devices that a comparison recognised, with their drawn sizes and places, as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwlib.checks.device_table import DeviceTable
from hwlib.network import Network
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.storage.netcdf import Wanted

_VARIABLES = {
    "x": ("m", "place of the pillar on the layout"),
    "y": ("m", "place of the pillar on the layout"),
    "track_area": ("m2", "drawn cross-section of the track"),
    "track_length": ("m", "drawn length of the track between its contacts"),
    "pillar_width": ("m", "drawn pillar size along the track"),
    "pillar_centre": ("m", "drawn pillar centre from the DW_IN contact"),
    "pillar_height": ("m", "drawn pillar size across the track"),
    "narrowest_width": ("m", "smallest drawn width of the track between its contacts"),
    "widest_width": ("m", "largest drawn width of the track between its contacts"),
}


def write_drawn_devices(path: str | Path, reference: Network, table: DeviceTable, identity: np.ndarray) -> Path:
    """Write the devices of a layout as netCDF-4, in the order of the design: NaN for one that is missing.

    Args:
        path: the file.
        reference: the design's network; its device ``post·N + pre``.
        table: the devices of the layout.
        identity: index in the reference of each of them; −1 for those that the design does not have.
    """
    known = np.flatnonzero(identity >= 0)
    measured = np.full((reference.devices, len(_VARIABLES)), np.nan)
    measured[identity[known], :2] = table.place[known, 0] * 1e-6
    measured[identity[known], 2:] = table.values[known]
    told = {"coordinates": "pre post"}  # so that xarray makes them the devices' coordinates
    variables = {
        name: ArrayVariable(("device",), measured[:, k], {"units": unit, "long_name": meaning, **told})
        for k, (name, (unit, meaning)) in enumerate(_VARIABLES.items())
    }
    variables |= {
        name: ArrayVariable(
            ("device",), getattr(reference, name), {"units": "1", "long_name": f"{name}synaptic neuron"}
        )
        for name in ("pre", "post")
    }  # fmt: skip
    return write_arrays(ArrayFile(variables, reference.attrs), path)


def read_device_places(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Places x and y (m) of the devices in a file of ``write_drawn_devices``, shape (devices,) each."""
    wanted = {name: Wanted(("device",), gaps=True) for name in ("x", "y")}
    found = read_arrays(path, "table of drawn devices", wanted).variables
    return found["x"].values.astype(float), found["y"].values.astype(float)
