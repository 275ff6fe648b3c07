"""A crossbar by one sparse factorisation for any number of drives, segments of 0 Ω included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.errors import InputError
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.static_refined import APART, far_apart, refined

SIDES = ("left", "right", "top", "bottom")


class DirectAnswer(NamedTuple):
    """What one factorisation gives.

    Attributes:
        word, bit: voltages in V, shape (drives, rows, columns).
        current: from the sources of each of ``SIDES`` in A, shape (drives, lines).
        residual: largest current missing at a node, A, at most.
    """

    word: np.ndarray
    bit: np.ndarray
    current: list[np.ndarray]
    residual: float


def solve_directly(g: np.ndarray, word_ohm: np.ndarray, bit_ohm: np.ndarray, ends: list[np.ndarray]) -> DirectAnswer:
    """Solve a crossbar for all drives on one factorisation.

    Args:
        g: conductances in S, shape (rows, columns).
        word_ohm: segments in Ω, 0 allowed, shape (rows, columns + 1).
        bit_ohm: likewise, shape (rows + 1, columns).
        ends: source voltages in V of each of ``SIDES``, shape (drives, lines), NaN in all drives where there is none.

    Raises:
        InputError: sources of different voltages joined by segments of 0 Ω; resistances too far apart.
    """
    m, n = g.shape
    u = np.arange(m * n).reshape(m, n)
    v = u + m * n
    first_source = 2 * m * n + np.cumsum([0, m, m, n, n])
    source = [np.arange(*first_source[k : k + 2]) for k in range(4)]
    volts = np.concatenate(ends, axis=1)
    held = np.concatenate([np.zeros(2 * m * n, bool), np.isfinite(volts[0])])
    at = u[:, 0], u[:, -1], v[0], v[-1]
    own_ohm = word_ohm[:, 0], word_ohm[:, -1], bit_ohm[0], bit_ohm[-1]
    ends_of = [np.stack([a.ravel(), b.ravel()], axis=1) for a, b in (
        (u[:, :-1], u[:, 1:]), (v[:-1], v[1:]), *zip(source, at, strict=True), (u, v),
    )]  # fmt: skip
    ohm = [word_ohm[:, 1:-1].ravel(), bit_ohm[1:-1].ravel(), *own_ohm]
    pairs, segments = np.concatenate(ends_of), np.concatenate(ohm)
    there = np.concatenate([*(np.ones(ohm[k].size, bool) for k in (0, 1)), held[2 * m * n :], g.ravel() > 0])
    shorts = np.concatenate([segments == 0, np.zeros(g.size, bool)])
    siemens = np.concatenate([np.divide(1.0, segments, out=np.zeros_like(segments), where=segments > 0), g.ravel()])
    node = connected_parts(len(held), *pairs[shorts & there].T)[1]
    kept = ~shorts & there
    pairs, siemens = pairs[kept], siemens[kept]
    network = ResistorNetwork(ResistorGraph(pairs, len(held), node), siemens, held)
    sources = np.flatnonzero(held)
    count = int(node.max()) + 1
    _one_voltage(node[sources], volts[:, np.isfinite(volts[0])], count)
    together = np.bincount(node[sources], minlength=count)
    held_nodes, first_of = np.unique(node[sources], return_index=True)
    drives = volts[:, sources[first_of] - 2 * m * n]  # a column for each node that sources hold
    used = np.flatnonzero(drives.any(axis=0))
    by_parts = len(drives) > len(used)  # then all drives are sums of fewer: of each held node alone
    solved = np.eye(len(held_nodes))[used] if by_parts else drives
    potentials, currents, missing = [], [], []
    for drive in solved:
        at_node = np.zeros(count)
        at_node[held_nodes] = drive
        x = network.at_circuit_nodes(at_node[node][network.held])
        out = _currents_out(x, node[pairs], siemens)
        if far_apart(siemens):
            x, out = _refined(network, x, node[pairs], siemens, together > 0)
        missing.append(float(np.abs(out[together == 0]).max(initial=0.0)))
        potentials.append(x[node[: 2 * m * n]])
        currents.append((out / np.maximum(together, 1))[node[2 * m * n :]] * held[2 * m * n :])
    both, amperes, residual = np.array(potentials), np.array(currents), np.array(missing)
    if by_parts:
        parts = drives[:, used]
        both = parts @ both.reshape(len(used), 2 * m * n)
        amperes = parts @ amperes.reshape(len(used), len(held) - 2 * m * n)
        residual = np.abs(parts) @ residual
    both = both.reshape(-1, 2, m, n)
    return DirectAnswer(
        both[:, 0], both[:, 1], [amperes[:, each - 2 * m * n] for each in source], float(residual.max(initial=0.0))
    )


def _currents_out(x: np.ndarray, pairs: np.ndarray, siemens: np.ndarray) -> np.ndarray:
    """Current in A out of every circuit node into its resistors, in the precision of the voltages."""
    flow = siemens * (x[pairs[:, 0]] - x[pairs[:, 1]])
    if x.dtype == float:
        return np.bincount(pairs[:, 0], flow, len(x)) - np.bincount(pairs[:, 1], flow, len(x))
    out = np.zeros_like(x)
    np.add.at(out, pairs[:, 0], flow)
    np.subtract.at(out, pairs[:, 1], flow)
    return out


def _refined(
    network: ResistorNetwork, x: np.ndarray, pairs: np.ndarray, siemens: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Voltages of the circuit nodes that rounding no longer changes, and the currents out of them (``refined``)."""

    def change(volts: np.ndarray) -> np.ndarray:
        lack = np.where(held, 0.0, -_currents_out(volts, pairs, siemens)).astype(float)
        return network.at_circuit_nodes(0.0, lack)

    exact = refined(x, float(abs(x[held]).max(initial=0.0)), change)
    if exact is None:
        raise InputError(APART)
    out = _currents_out(exact, pairs, siemens)
    return exact.astype(float), out.astype(float)


def _one_voltage(node: np.ndarray, volts: np.ndarray, count: int) -> None:
    low, high = np.full((2, count, len(volts)), [[[np.inf]], [[-np.inf]]])
    np.minimum.at(low, node, volts.T)
    np.maximum.at(high, node, volts.T)
    apart = np.argwhere(high > low)
    if len(apart):
        a, b = low[tuple(apart[0])], high[tuple(apart[0])]
        raise InputError(f"crossbar: sources of {a:g} V and {b:g} V are joined by segments of 0 Ω")
