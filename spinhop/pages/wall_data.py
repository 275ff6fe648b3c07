"""Walls over time as data of a page, whose scripts plot them and colour devices by them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network

NS, NM = 1e9, 1e9
STEPS = 65535  # of a wall's position, in its track


def packed(values: np.ndarray, kind: str) -> str:
    """An array as base64 of little-endian numbers, ``f4``, ``u4`` or ``u2``, as the scripts decode it."""
    return base64.b64encode(np.ascontiguousarray(values, np.dtype(f"<{kind}")).tobytes()).decode()


def wall_data(traces: dict[str, xr.Dataset], network: Network) -> dict[str, Any]:
    """What the wall plots need: every wall's course, and the bands that the axons of each neuron fill.

    Args:
        traces: datasets of ``sim.run`` with traces, by title.
        network: tells which device belongs to which neuron.

    Returns:
        ``somas`` (device of each neuron), ``length`` (nm, of the longest track), and by title ``courses``
        (``wall_course``) and ``bands`` (of each neuron time in ns, low and high in steps of the longest track; None
        without axons).
    """
    length = float(network.length.max())
    return {
        "somas": network.somas.tolist(), "length": NM * length,
        "courses": {title: wall_course(trace, network) for title, trace in traces.items()},
        "bands": {
            title: [_band(trace, network, neuron, length) for neuron in range(network.neurons)]
            for title, trace in traces.items()
        },
    }  # fmt: skip


def wall_course(trace: xr.Dataset, network: Network) -> dict[str, Any]:
    """The points of every wall: ``first`` of each device and their number, ``time`` in ns, ``wall`` in steps of L."""
    device = trace["event_device"].values
    walls = trace["event_wall"].values / network.length[device]
    first = np.searchsorted(device, np.arange(network.devices + 1))
    return {
        "duration": NS * float(trace["time_to_solution"]), "release": NS * float(trace["time_load"]),
        "first": packed(first, "u4"), "time": packed(NS * trace["event_time"].values, "f4"), "wall": _steps(walls),
    }  # fmt: skip


def _band(trace: xr.Dataset, network: Network, neuron: int, length: float) -> dict[str, str] | None:
    from sim.traces import wall_band

    axons = np.flatnonzero((network.pre == neuron) & (network.post != neuron))
    if not len(axons):
        return None
    time, low, high = wall_band(trace, axons)
    return {"time": packed(NS * time, "f4"), "low": _steps(low / length), "high": _steps(high / length)}


def _steps(shares: np.ndarray) -> str:
    return packed(np.rint(STEPS * np.clip(shares, 0, 1)), "u2")
