"""What passes between a device and its wires at the design's operating point, and how many vias that takes.

Bounds, with ideal wires. While the network runs, an axon's dendrite is pulled away from the axon's weight the farthest
when all weights below the dendrite's voltage (or all above it) are ON and the rest is OFF. While it loads, floating
rails follow all dendrites but one. A soma's pillar carries V_DW/(R_P + R_M/fan-out), its track what its dendrite drives
through R_M.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hwlib.cells.via_groups import ViaCounts
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.operating_point import nominal_track, resolve_v_dw
from hwlib.process import Process

CUTS = ("vr", "v1", "v2")
MOST_TILE_VIAS = 32  # a tile with more has a wire in them that no rule would pass


class TileCurrents(NamedTuple):
    """Largest currents at one device in A.

    Attributes:
        axon: through the pillar of an axon, from its weight to its dendrite; and through a soma's track.
        soma: through the pillar of a soma, from V_DW to its drive.
    """

    axon: float
    soma: float


def tile_currents(design: Design, process: Process) -> TileCurrents:
    """Bounds of the currents at a design's devices."""
    point, device, joined = design.operating_point, design.device, design.topology.joined
    _, r_m = nominal_track(design, process)
    volts = np.where(joined, design.weight_levels() * point.weight, 0.0)
    running = max(_against(volts, joined, sign, device.r_p, device.r_ap, r_m) for sign in (1, -1))
    n = design.network.neurons
    swing = 2 * (n - 1) / n if point.rails_while_loading == "floating" else 1.0
    track = max(point.v_charge, abs(volts).max()) / r_m
    fan_out = joined.sum(axis=0).max()
    soma = resolve_v_dw(design, process) / (device.r_p + r_m / fan_out) if fan_out else 0.0
    return TileCurrents(float(max(running, swing * point.v_charge / device.r_p, track)), float(soma))


def _against(volts: np.ndarray, joined: np.ndarray, sign: int, r_p: float, r_ap: float, r_m: float) -> float:
    """Largest current of an axon whose weight has a sign, ON and with as many of its row ON as pull most against it."""
    n, on, off = len(volts), 1 / r_p, 1 / r_ap
    ascending = np.sort(np.where(joined, sign * volts, np.inf), axis=1)
    fan_in = joined.sum(axis=1, keepdims=True)
    own = np.where(fan_in > 0, np.take_along_axis(ascending, np.maximum(fan_in - 1, 0), axis=1), 0.0)
    other = np.arange(n) < fan_in - 1  # the largest one is its own
    drive, siemens = np.where(other, ascending, 0.0), other.astype(float)
    turned_on = [np.cumsum(np.pad(each, ((0, 0), (1, 0))), axis=1) * (on - off) for each in (drive, siemens)]
    drive, siemens = (
        off * each.sum(axis=1, keepdims=True) + more for each, more in zip((drive, siemens), turned_on, strict=True)
    )
    dendrite = (drive + own * on) / (siemens + on + 1 / r_m)
    return float(((own - dendrite) * on).max())


def via_counts(design: Design, process: Process) -> ViaCounts:
    """Vias that a design asks for at its devices.

    Raises:
        InputError: more of them than a tile can sensibly have.
    """
    asked = design.network.tile_vias
    if asked.size != "currents":
        return ViaCounts()
    currents = tile_currents(design, process)
    counts = {
        kind: tuple((cut, _count(process, cut, ampere * asked.scale, kind)) for cut in CUTS)
        for kind, ampere in currents._asdict().items()
    }
    return ViaCounts(**counts)


def _count(process: Process, cut: str, ampere: float, kind: str) -> int:
    via = process.layers[cut]
    if not (via.max_current_density and via.size):
        return 1
    limit = via.max_current_density * via.size**2
    count = max(1, math.ceil(ampere / limit - 1e-9))
    if count > MOST_TILE_VIAS:
        at = "an axon" if kind == "axon" else "a soma"
        raise InputError(
            f"network.tile_vias: {ampere * 1e3:.4g} mA at {at} are {count} {cut} of process {process.name}, "
            f"allowed: {MOST_TILE_VIAS}; raise R_P or lower the voltages"
        )
    return count
