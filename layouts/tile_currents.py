"""What passes between a device and its wires at the design's operating point, and how many vias that takes.

Bounds, with ideal wires. While the network runs, an axon's dendrite is pulled away from the axon's weight the farthest
when all weights of the other sign are ON and the rest is OFF. While it loads, floating rails follow all dendrites but
one. A soma's pillar carries V_DW/(R_P + R_M/fan-out), its track what its dendrite drives through R_M.
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
    """Largest current of an ON axon whose weight has a sign, with all others of its row against it."""
    other = joined & (sign * volts < 0)
    drive = np.where(other, volts, 0.0).sum(axis=1) / r_p
    siemens = other.sum(axis=1) / r_p + (joined & ~other).sum(axis=1) / r_ap + 1 / r_m
    own = np.where(joined & ~other, abs(volts), 0.0).max(axis=1)
    dendrite = abs(drive + sign * own / r_p) / (siemens + 1 / r_p - 1 / r_ap)
    opposed = np.where(abs(drive) * r_p > own, dendrite, 0.0)
    return float(((own + opposed) / r_p).max())


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
