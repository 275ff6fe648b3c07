"""What trunks carry at the design's operating point, before there are wires: by Ohm's law, device by device.

Usually an axon draws max(W_ij, V_C)/R_P from its rail, as if its dendrite stayed at 0 V, and trunks on two sides have
half of all each. At worst every axon is in the state that adds most to one trunk: the few axons of a row that most
others pull the other way draw up to twice as much, and so does a row that loads against all others on open rails. A
wire between two trunks divides what a tap draws by its lengths to both, so one side has more where most taps are near.

A soma draws at most V_DW/(R_P + R_M/fan-out) from V_DW; all of it leaves through the ground column of its axons, and
with it what its own track takes from the dendrite, at most max(W_ij, V_C)/R_M.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from hwlib.arrangement import joins
from hwlib.design import Design
from hwlib.nets import GROUND, V_DW, parse_net
from hwlib.operating_point import nominal_track, resolve_v_dw
from hwlib.process import Process


class TrunkCurrent(NamedTuple):
    """Currents of one net in A.

    Attributes:
        whole: all of it, as it usually is.
        line: what one row or column has of that, at most.
        worst_whole: the most in one trunk, whatever the walls and starts.
        worst_line: the most that one row or column has from one trunk.
    """

    whole: float
    line: float
    worst_whole: float
    worst_line: float


def trunk_currents(design: Design, process: Process, levels: np.ndarray, joined: np.ndarray,
                   rails: dict[str, np.ndarray]) -> dict[str, TrunkCurrent]:  # fmt: skip
    """Currents of the nets that may have trunks, by name.

    Args:
        design: with its operating point.
        process: gives R_M.
        levels: weights as multiples of W, by row and column of the drawing, shape (N, N).
        joined: where there is an axon, likewise.
        rails: nets of the rails, and which rows hang on each, shape (N,).
    """
    point, device = design.operating_point, design.device
    _, r_m = nominal_track(design, process)
    fan_out = joined.sum(axis=0)
    soma = np.where(fan_out > 0, resolve_v_dw(design, process) / (device.r_p + r_m / np.maximum(fan_out, 1)), 0.0)
    rows = [soma * share for share in _shares(design, "vdw")]
    found = {V_DW.net_name(): _current(soma, rows, rows)}
    for name, on in rails.items():
        net = parse_net(name)
        level = net.level if net else 0.0
        here = joined & on[:, None] & (np.abs(levels - level) < 1e-6)
        usual = here.sum(axis=1) * max(abs(level) * point.weight, point.v_charge) / device.r_p
        running = [_running(design, levels, joined, here, 1 / r_m, share) for share in _shares(design, "weight")]
        whole, line = _loading(design, here)
        found[name] = _current(usual, running + whole, running + line)
    largest = (abs(levels[joined]).max() if joined.any() else 1.0) * point.weight
    track = max(largest, point.v_charge) / r_m
    columns = [
        soma * part + track * share for share in _shares(design, "ground") for part in _parts(design, joined, share)
    ]
    found[GROUND.net_name()] = _current(soma + track, columns, columns)
    return found


def _current(usual: np.ndarray, whole: Iterable[np.ndarray], line: Iterable[np.ndarray]) -> TrunkCurrent:
    """From what each row or column usually has, and has at worst from one trunk while all do and by itself."""
    worst = max(float(each.sum()) for each in whole), max(float(each.max()) for each in line)
    return TrunkCurrent(float(usual.sum()), float(usual.max()), *worst)


def _shares(design: Design, wire: str) -> list[np.ndarray]:
    """By trunk of a wire, the share that it has of what a tap in each tile draws, shape (N,)."""
    n, network = design.network.neurons, design.network
    if getattr(network.feeds, wire) != "both":
        return [np.ones(n)]
    if wire == "vdw" and network.feeds.weight != "both":
        return [np.ones(n)] * 2  # the rails' trunks stand between its own and the rows, on one side alone
    near = (n - np.arange(n) - 0.5) / n
    if wire in network.tapers.given():
        near = np.where(near > 0.5, 1.0, near)  # at most: most of the resistance is in the middle
    return [near, near[::-1]]


def _running(
    design: Design, levels: np.ndarray, joined: np.ndarray, here: np.ndarray, track: float, share: np.ndarray
) -> np.ndarray:
    """What each row draws at most from one trunk of a rail while the network runs, A, shape (N,).

    Σ s_j G_j (W − V) of the rail's axons, s_j their shares and V the dendrite's voltage, rises or falls with each
    conductance whatever that is, so that axons are ON or OFF: on the rail those of the largest shares are ON, of the
    others those with weights above some level, or below.

    Args:
        design: with its operating point.
        levels: of the weights.
        joined: where there is an axon.
        here: where there is one on this rail.
        track: 1/R_M in S.
        share: that the trunk has of each tap.
    """
    if not here.any():
        return np.zeros(len(here))
    on, off = 1 / design.device.r_p, 1 / design.device.r_ap
    nearest = np.argsort(-share, kind="stable")
    own = here[:, nearest].astype(float)
    siemens = off * own.sum(axis=1, keepdims=True) + (on - off) * np.cumsum(own, axis=1)
    own *= share[nearest]
    drawn = off * own.sum(axis=1, keepdims=True) + (on - off) * np.cumsum(own, axis=1)
    level, others, most = float(levels[here][0]), joined & ~here, np.zeros(len(here))
    for edge in (*np.unique(np.round(levels[others], 6)), np.inf):
        below = levels <= edge + 1e-6
        for chosen in (below, ~below):
            rest = np.where(others, np.where(chosen, on, off), 0.0)
            pull = np.abs((rest * (level - levels)).sum(axis=1) + level * track)
            share_of_pull = drawn / (siemens + (rest.sum(axis=1) + track)[:, None])
            most = np.maximum(most, pull * share_of_pull.max(axis=1))
    return np.asarray(most * design.operating_point.weight)


def _loading(design: Design, here: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What each row draws at most from a rail's trunk while a pattern loads, of all rows at once, and of one by itself.

    A rail at 0 V has V_C across all its axons. An open one takes the mean of its dendrites: at most half of them feed
    the others, through both of its trunks alike; a row alone has up to 2·V_C across its axons.
    """
    shares, point = _shares(design, "weight"), design.operating_point
    taps = here.sum(axis=1)
    rows = [point.v_charge / design.device.r_p * (here * share).sum(axis=1) for share in shares]
    if point.rails_while_loading == "grounded":
        return rows, rows
    half = point.v_charge / design.device.r_p * taps / 2
    swing = 2 * (1 - taps / max(taps.sum(), 1))
    return [np.maximum(half / len(shares), row / 2) for row in rows], [swing * row for row in rows]


def _parts(design: Design, joined: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By ground column, one trunk's share of what its axons carry, evenly or all near the soma, shapes (N,).

    The drive's wires leave the axons near the soma more: what is drawn is between the two.
    """
    return share @ joined / np.maximum(joined.sum(axis=0), 1), share[joins(design.network)]
