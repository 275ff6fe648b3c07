"""What trunks carry at the design's operating point, before there are wires: by Ohm's law, device by device.

An axon is taken to draw max(W_ij, V_C)/R_P from its rail, with its dendrite at 0 V. That is no bound: a dendrite that
most axons of its row pull the other way lets the few others draw up to twice as much. A soma draws at most
V_DW/(R_P + R_M/fan-out) from V_DW; all of it leaves through the ground column of its axons, and with it what its own
track takes from the dendrite, at most max(W_ij, V_C)/R_M.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.design import Design
from hwlib.nets import GROUND, V_DW, parse_net
from hwlib.operating_point import nominal_track, resolve_v_dw
from hwlib.process import Process


class TrunkCurrent(NamedTuple):
    """Largest currents of one net in A: all of it, and what one row or column takes."""

    whole: float
    line: float


def trunk_currents(design: Design, process: Process, levels: np.ndarray, joined: np.ndarray,
                   rails: dict[str, np.ndarray]) -> dict[str, TrunkCurrent]:  # fmt: skip
    """Currents of the nets that may have trunks, by name.

    Args:
        design: with its operating point.
        process: gives R_M.
        levels: weights as multiples of W, shape (N, N).
        joined: where there is an axon, shape (N, N).
        rails: nets of the rails, and which rows hang on each, shape (N,).
    """
    point, device = design.operating_point, design.device
    _, r_m = nominal_track(design, process)
    fan_out = joined.sum(axis=0)
    soma = np.where(fan_out > 0, resolve_v_dw(design, process) / (device.r_p + r_m / np.maximum(fan_out, 1)), 0.0)
    found = {V_DW.net_name(): TrunkCurrent(float(soma.sum()), float(soma.max()))}
    for name, on in rails.items():
        net = parse_net(name)
        level = net.level if net else 0.0
        rows = (joined & on[:, None] & (np.abs(levels - level) < 1e-6)).sum(axis=1)
        axon = max(abs(level) * point.weight, point.v_charge) / device.r_p
        found[name] = TrunkCurrent(float(rows.sum() * axon), float(rows.max() * axon))
    largest = (abs(levels[joined]).max() if joined.any() else 1.0) * point.weight
    columns = soma + max(largest, point.v_charge) / r_m
    found[GROUND.net_name()] = TrunkCurrent(float(columns.sum()), float(columns.max()))
    return found
