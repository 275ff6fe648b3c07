"""At which N does the V_DW window close for these wires? A uniform ladder with the network's own cell resistances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import solveh_banded

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from sim.circuit.resistor_network import ResistorGraph, ResistorNetwork
from sim.rules.cases import ALL_ON, Cases
from sim.rules.statics import Solution

MAX_GROWTH = 4096


@dataclass(frozen=True)
class CellLadder:
    """A network of any N with uniform cells.

    Attributes:
        drive, ground, vdw: wire resistance per cell pitch in Ω.
        trunk: wire resistance of the V_DW trunk per cell in Ω, times N: a trunk widened with the current it carries.
        feeder: with centred feeds, wire resistance per cell from a soma to the middle of its column, in Ω.
        feed: fixed wire resistance from V_DW to a column besides those, in Ω.
        r_p, r_ap, r_m: device resistances in Ω.
        leak_current: |v_leak,axon|/k in A.
        soma_current: largest current of a soma's track into the ground column in A.
        centred: whether the soma feeds the middle of its column instead of the diagonal cell.
    """

    drive: float
    ground: float
    vdw: float
    trunk: float
    feeder: float
    feed: float
    r_p: float
    r_ap: float
    r_m: float
    leak_current: float
    soma_current: float
    centred: bool

    def window(self, neurons: int) -> tuple[float, float]:
        """V_DW window in V of N neurons: intersection over the first, the middle and the last column."""
        columns = {0, neurons // 2, neurons - 1}
        ends = [self._column(neurons, column) for column in columns]
        return max(low for low, _ in ends), min(high for _, high in ends)

    def _column(self, n: int, column: int) -> tuple[float, float]:
        feed = n // 2 if self.centred else column
        taps = np.flatnonzero(np.arange(n) != column)
        row, trunk = _supply_cells(n, column + 0.5)
        supply = self.feed + self.feeder * abs(column - feed) + self.vdw * row + self.trunk * trunk
        solve = self._ladder if self.drive and self.ground else self._perfect_wires
        thresholds = []
        supplies = [self.r_p + supply, self.r_ap + supply]
        for x, sign in zip(solve(n, feed, taps, supplies, column), (1, -1), strict=True):
            gain, offset = ((x[taps] - x[n + taps]) / self.r_m * [[1.0, sign * self.soma_current]]).T
            thresholds.append((self.leak_current - offset) / gain)
        return float(thresholds[0].max()), float(thresholds[1].min())

    def _ladder(self, n: int, feed: int, taps: np.ndarray, supplies: list[float], column: int) -> list[np.ndarray]:
        """Potentials in V of a column for 1 V at its source, and for 1 A of its soma into the ground, shape (2·n, 2).

        Nodes 0 … n−1 are the drive's, fed at ``feed``, n … 2·n−1 the ground's, to 0 V half a cell beyond both ends.
        Banded: a drive node, then the ground node of its cell. Solved without the source: each of the ``supplies`` is
        one conductance more at one node (Sherman and Morrison).
        """
        bands, into = np.zeros((3, 2 * n)), np.zeros((2 * n, 2))
        for side, wire in enumerate((1 / self.drive, 1 / self.ground)):
            own = bands[0, side::2]
            own[:-1] += wire
            own[1:] += wire
            bands[2, side : 2 * n - 2 : 2] = -wire
        bands[0, [1, -1]] += 2 / self.ground
        bands[0, 2 * taps] += 1 / self.r_m
        bands[0, 2 * taps + 1] += 1 / self.r_m
        bands[1, 2 * taps] = -1 / self.r_m
        into[2 * feed, 0], into[2 * column + 1, 1] = 1.0, 1.0
        alone = solveh_banded(bands, into, lower=True, check_finite=False)
        alone = alone.reshape(n, 2, 2).swapaxes(0, 1).reshape(2 * n, 2)
        found = []
        for ohm in supplies:
            share = alone[:, 0] / (ohm + alone[feed, 0])
            found.append(np.stack([share, alone[:, 1] - alone[feed, 1] * share], axis=1))
        return found

    def _perfect_wires(self, n: int, feed: int, taps: np.ndarray, supplies: list[float],
                       column: int) -> list[np.ndarray]:  # fmt: skip
        """As ``_ladder``, when drive or ground have no resistance: all their nodes are one."""
        volts, amperes = np.zeros((2, 2 * n + 2, 2))
        volts[2 * n, 0], amperes[n + column, 1] = 1.0, 1.0
        return [self._wires(n, feed, taps, ohm).potentials(volts, amperes)[: 2 * n] for ohm in supplies]

    def _wires(self, n: int, feed: int, taps: np.ndarray, supply: float) -> ResistorNetwork:
        """Drive nodes 0 … n−1 fed from the source 2n, ground nodes n … 2n−1 to 0 V half a cell beyond both ends."""
        source, earth, steps, node = 2 * n, 2 * n + 1, np.arange(n - 1), np.arange(2 * n + 2)
        groups: list[tuple[Any, Any, float]] = [([feed], [source], 1 / supply), (taps, n + taps, 1 / self.r_m)]
        if self.drive:
            groups.append((steps, steps + 1, 1 / self.drive))
        else:  # a perfect wire is one node
            node[:n] = 0
        if self.ground:
            groups += [(n + steps, n + steps + 1, 1 / self.ground), ([n, 2 * n - 1], [earth] * 2, 2 / self.ground)]
        else:
            node[n : 2 * n] = earth
        first, second = (np.concatenate([group[k] for group in groups]) for k in (0, 1))
        siemens = np.repeat([group[2] for group in groups], [len(group[0]) for group in groups])
        graph = ResistorGraph(np.stack([first, second], axis=1), len(node), node)
        return ResistorNetwork(graph, siemens, np.arange(2 * n + 2) >= source)

    def closes_at(self, known: tuple[int, float, float] | None = None) -> int | None:
        """Smallest N whose window is closed; None when it is still open at 4096 neurons.

        Args:
            known: N and the window's ends in V of the network with these cells. The ladder leaves out what its other
                wires do, so its ends are taken in proportion: what is said of that N is what its own window is.
        """
        scale, still_open = 1.0, 1
        if known is not None:
            neurons, low, high = known
            scale = self._low_over_high(neurons) * max(high, 0.0) / low if low > 0 else np.inf
            still_open = neurons if low < high else 1
        least = still_open
        while True:
            shut = min(2 * still_open, MAX_GROWTH)
            if self._low_over_high(shut) >= scale:
                break
            if shut == MAX_GROWTH:
                return None
            still_open = shut
        while shut - still_open > 1:
            middle = (shut + still_open) // 2
            shut, still_open = (middle, still_open) if self._low_over_high(middle) >= scale else (shut, middle)
        # Columns with a cell in their middle close a little later than those without: even N and odd N each in order.
        while shut - 2 > least and self._low_over_high(shut - 2) >= scale:
            shut -= 2
        return shut

    def _low_over_high(self, neurons: int) -> float:
        """Lower over upper end of the window: closed from 1 on, as where no V_DW above 0 lets axons go OFF (inf)."""
        low, high = self.window(neurons)
        return low / high if high > 0 else np.inf


def cell_ladder(cases: Cases) -> CellLadder:
    """The uniform cells that a network's voltages show in the static state somas P, all axons ON.

    - Drive: voltage between neighbouring taps over the current between them, least squares.
    - Ground: curvature of the tap voltages along a column over the current that enters, least squares.
    - V_DW: drop to each soma over its current, fitted by a constant, its row (tied at both ends) and its trunk.
    - Feed: that constant and the way from a soma's pillar to its column, with centred feeds a feeder per cell.

    Larger networks are taken to repeat these cells, with V_DW trunks widened in proportion to N, and ideal ground
    trunks. The pitch of weight lines grows with N: there the real network closes earlier.
    """
    network, axons = cases.network, cases.axons
    solution = cases.run_states[ALL_ON]
    columns = _Columns(cases, solution)
    drive = columns.drive()
    constant, vdw, trunk = columns.vdw()
    stub, feeder = columns.feed_stub(drive)
    return CellLadder(
        drive=drive, ground=columns.ground(), vdw=vdw, trunk=trunk, feeder=feeder, feed=constant + stub,
        r_p=float(np.median(network.r_p)), r_ap=float(np.median(network.r_ap)), r_m=float(np.median(network.r_m)),
        leak_current=float(np.median(cases.leak_current[axons])),
        soma_current=cases.dendrite_bound / float(np.median(network.r_m)), centred=columns.centred,
    )  # fmt: skip


class _Columns:
    """Currents and voltages of every drive column, arrays (pre, post) with NaN where the soma is."""

    def __init__(self, cases: Cases, solution: Solution):
        network, axons, n = cases.network, cases.axons, cases.network.neurons
        at = network.pre[axons], network.post[axons]
        volts = solution.voltage[network.terminals]
        self.tap, self.foot, self.current = (np.full((n, n), np.nan) for _ in range(3))
        self.tap[at], self.foot[at] = volts[axons, DW_IN], volts[axons, DW_OUT]
        self.current[at] = solution.track_current[axons]
        self.soma_in, self.soma_out = volts[network.somas, MTJ_IN], volts[network.somas, MTJ_OUT]
        self.total = np.nansum(self.current, axis=1)
        self.v_dw, self.wires, self.n = cases.protocol.v_dw, network.has_wires, n
        self.centred = self.wires and n > 4 and bool(np.nanargmax(self.tap[0]) > n / 4)
        self.feed = np.full(n, n // 2) if self.centred else np.arange(n)
        taken = np.nan_to_num(self.current)
        above = np.cumsum(taken[:, ::-1], axis=1)[:, ::-1][:, 1:]  # what passes from cell i up to i + 1
        below = np.cumsum(taken, axis=1)[:, :-1]
        self.between = np.where(np.arange(n - 1) >= self.feed[:, None], above, -below)

    def drive(self) -> float:
        return _slope(self.tap[:, :-1] - self.tap[:, 1:], self.between)

    def ground(self) -> float:
        bend = 2 * self.foot[:, 1:-1] - self.foot[:, :-2] - self.foot[:, 2:]
        return _slope(bend, self.current[:, 1:-1])

    def vdw(self) -> tuple[float, float, float]:
        """Constant, row and trunk resistance; the trunk is fed from the end that makes it positive."""
        drop = (self.v_dw - self.soma_in) / self.total
        if self.n < 4:
            return max(float(drop.mean()), 0.0), 0.0, 0.0
        x = np.arange(self.n) + 0.5
        for from_end in (x, self.n - x):
            row, trunk = _supply_cells(self.n, from_end)
            fit = np.linalg.lstsq(np.stack([np.ones(self.n), row, trunk], axis=1), drop, rcond=None)[0]
            if fit[2] >= 0:
                break
        constant, row_ohm, trunk_ohm = np.maximum(fit, 0.0).tolist()
        return constant, row_ohm, trunk_ohm

    def feed_stub(self, drive: float) -> tuple[float, float]:
        """Ω from a soma's pillar to its column, by the taps next to the feed: constant, and per cell of distance."""
        stubs = []
        for j, feed in enumerate(self.feed):
            if np.isfinite(self.tap[j, feed]):
                at_feed = [self.tap[j, feed]]
            else:
                at_feed = [self.tap[j, feed + 1] + drive * self.between[j, feed]] if feed + 1 < self.n else []
                at_feed += [self.tap[j, feed - 1] - drive * self.between[j, feed - 1]] if feed else []
            stubs.append((self.soma_out[j] - np.mean(at_feed)) / self.total[j])
        if not self.centred:
            return max(float(np.mean(stubs)), 0.0), 0.0
        per_cell, constant = np.polyfit(np.abs(np.arange(self.n) - self.feed), stubs, 1)
        return max(float(constant), 0.0), max(float(per_cell), 0.0)


def _supply_cells(n: int, x: Any) -> tuple[Any, Any]:
    """Cells of V_DW wire at distance x: row tied at both ends, and evenly loaded trunk of width ∝ n."""
    return x * (n - x) / n, (n * x - x * x / 2) / n


def _slope(volts: np.ndarray, amps: np.ndarray) -> float:
    """Least-squares Ω of V = R·I, ignoring NaN; 0 when there is nothing to fit or it comes out negative."""
    known = np.isfinite(volts) & np.isfinite(amps)
    square = float(np.sum(amps[known] ** 2))
    return max(float(np.sum(volts[known] * amps[known])) / square, 0.0) if square else 0.0
