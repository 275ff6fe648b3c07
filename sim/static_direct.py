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
    volts = np.concatenate(ends, axis=1)
    wired = _wired(g, word_ohm, bit_ohm, np.isfinite(volts[0]))
    drives, held_nodes = _drives(wired, volts)
    used = np.flatnonzero(drives.any(axis=0))
    by_parts = len(drives) > len(used)  # then all drives are sums of fewer: of each held node alone
    solved = [_solved(wired, held_nodes, drive) for drive in (np.eye(len(held_nodes))[used] if by_parts else drives)]
    both, amperes, residual = (np.array(each) for each in (zip(*solved, strict=True) if solved else ([], [], [])))
    if by_parts:
        parts = drives[:, used]
        both = parts @ both.reshape(len(used), 2 * m * n)
        amperes = parts @ amperes.reshape(len(used), 2 * (m + n))
        residual = np.abs(parts) @ residual
    both = both.reshape(-1, 2, m, n)
    sides = np.split(amperes, np.cumsum([m, m, n]), axis=1)
    return DirectAnswer(both[:, 0], both[:, 1], sides, float(residual.max(initial=0.0)))


class _WiredCrossbar(NamedTuple):
    """A crossbar as a network: nodes of word lines, of bit lines, and one per end of a line, as of ``SIDES``.

    Attributes:
        network: what is solved.
        node: circuit node of each node: segments of 0 Ω make one of several.
        pairs, siemens: circuit nodes that each resistor joins, shape (resistors, 2), and its conductance in S.
        together: sources at each circuit node.
        ends: nodes of ends that have a source.
        crossings: nodes before those of the ends.
    """

    network: ResistorNetwork
    node: np.ndarray
    pairs: np.ndarray
    siemens: np.ndarray
    together: np.ndarray
    ends: np.ndarray
    crossings: int


def _wired(g: np.ndarray, word_ohm: np.ndarray, bit_ohm: np.ndarray, driven: np.ndarray) -> _WiredCrossbar:
    """The network of ``solve_directly``; ``driven``: whether each end of a line has a source, shape (lines,)."""
    m, n = g.shape
    u = np.arange(m * n).reshape(m, n)
    v = u + m * n
    source = np.split(np.arange(2 * (m + n)) + 2 * m * n, np.cumsum([m, m, n]))
    held = np.concatenate([np.zeros(2 * m * n, bool), driven])
    at = u[:, 0], u[:, -1], v[0], v[-1]
    own_ohm = word_ohm[:, 0], word_ohm[:, -1], bit_ohm[0], bit_ohm[-1]
    ends_of = [np.stack([a.ravel(), b.ravel()], axis=1) for a, b in (
        (u[:, :-1], u[:, 1:]), (v[:-1], v[1:]), *zip(source, at, strict=True), (u, v),
    )]  # fmt: skip
    ohm = [word_ohm[:, 1:-1].ravel(), bit_ohm[1:-1].ravel(), *own_ohm]
    pairs, segments = np.concatenate(ends_of), np.concatenate(ohm)
    there = np.concatenate([*(np.ones(ohm[k].size, bool) for k in (0, 1)), driven, g.ravel() > 0])
    shorts = np.concatenate([segments == 0, np.zeros(g.size, bool)])
    siemens = np.concatenate([np.divide(1.0, segments, out=np.zeros_like(segments), where=segments > 0), g.ravel()])
    node = connected_parts(len(held), *pairs[shorts & there].T)[1]
    kept = ~shorts & there
    network = ResistorNetwork(ResistorGraph(pairs[kept], len(held), node), siemens[kept], held)
    ends = np.flatnonzero(held)
    together = np.bincount(node[ends], minlength=int(node.max()) + 1)
    return _WiredCrossbar(network, node, node[pairs[kept]], siemens[kept], together, ends, 2 * m * n)


def _drives(wired: _WiredCrossbar, volts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voltages of the circuit nodes that sources hold, a column for each, and these nodes.

    Raises:
        InputError: sources of different voltages at one.
    """
    at = wired.node[wired.ends]
    _one_voltage(at, volts[:, np.isfinite(volts[0])], len(wired.together))
    nodes, first_of = np.unique(at, return_index=True)
    return volts[:, wired.ends[first_of] - wired.crossings], nodes


def _solved(wired: _WiredCrossbar, held_nodes: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Voltages of the crossings, currents from the ends (0 without a source), and the largest that is missing."""
    node, together = wired.node, wired.together
    at_node = np.zeros(len(together))
    at_node[held_nodes] = drive
    x = wired.network.at_circuit_nodes(at_node[node][wired.network.held])
    out = _currents_out(x, wired.pairs, wired.siemens)
    if far_apart(wired.siemens):
        x, out = _refined(wired.network, x, wired.pairs, wired.siemens, together > 0)
    missing = float(np.abs(out[together == 0]).max(initial=0.0))
    ends = np.zeros(len(node) - wired.crossings)
    at_ends = wired.ends - wired.crossings
    ends[at_ends] = (out / np.maximum(together, 1))[node[wired.ends]]
    return x[node[: wired.crossings]], ends, missing


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
