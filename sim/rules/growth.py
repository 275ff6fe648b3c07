"""At which N does the V_DW window close for these wires? A uniform ladder with the network's own cell resistances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from hwlib.network import DW_IN
from sim.rules.cases import Cases
from sim.rules.statics import Solution
from sim.rules.window import dendrite_bound

MAX_GROWTH = 4096


@dataclass(frozen=True)
class CellLadder:
    """A network of any N with uniform cells.

    Attributes:
        drive, ground, vdw: wire resistance per cell pitch in Ω.
        r_p, r_ap, r_m: device resistances in Ω.
        leak_current: |v_leak,axon|/k in A.
        soma_current: largest current of a soma's track into the ground column in A.
        centred: whether the soma feeds the middle of its column instead of the diagonal cell.
    """

    drive: float
    ground: float
    vdw: float
    r_p: float
    r_ap: float
    r_m: float
    leak_current: float
    soma_current: float
    centred: bool

    def window(self, neurons: int) -> tuple[float, float]:
        """V_DW window in V of N neurons: intersection over the first and the middle column."""
        columns = {0, neurons // 2}
        ends = [self._column(neurons, column) for column in columns]
        return max(low for low, _ in ends), min(high for _, high in ends)

    def _column(self, n: int, column: int) -> tuple[float, float]:
        feed = n // 2 if self.centred else column
        taps = np.flatnonzero(np.arange(n) != column)
        along = column + 0.5
        thresholds = []
        for resistance, sign in ((self.r_p, 1), (self.r_ap, -1)):
            source = 1 / (resistance + self.vdw * along * (n - along) / n)
            factor = splu(self._matrix(n, feed, taps, source))
            unit, soma = np.zeros(2 * n), np.zeros(2 * n)
            unit[feed], soma[n + column] = source, sign * self.soma_current * (self.ground > 0)
            gain, offset = ((x[taps] - x[n + taps]) / self.r_m for x in (factor.solve(unit), factor.solve(soma)))
            thresholds.append((self.leak_current - offset) / gain)
        return float(thresholds[0].max()), float(thresholds[1].min())

    def _matrix(self, n: int, feed: int, taps: np.ndarray, source: float):
        """Drive nodes 0 … n−1, ground nodes n … 2n−1; ground columns end at 0 V half a cell beyond both ends."""
        tiny = 1e-9  # Ω: a perfect wire, far below every other resistance and well within double precision
        drive, ground = max(self.drive, tiny), max(self.ground, tiny)
        steps = np.arange(n - 1)
        first = np.concatenate([steps, n + steps, taps])
        second = np.concatenate([steps + 1, n + steps + 1, n + taps])
        counts = [n - 1, n - 1, len(taps)]
        value = np.repeat([1 / drive, 1 / ground, 1 / self.r_m], counts)
        diagonal = np.zeros(2 * n)
        np.add.at(diagonal, np.concatenate([first, second]), np.tile(value, 2))
        diagonal[feed] += source
        diagonal[[n, 2 * n - 1]] += 2 / ground
        rows = np.concatenate([first, second, np.arange(2 * n)])
        columns = np.concatenate([second, first, np.arange(2 * n)])
        return coo_matrix((np.concatenate([-value, -value, diagonal]), (rows, columns))).tocsc()

    def closes_at(self) -> int | None:
        """Smallest N whose window is closed; None when it is still open at 4096 neurons."""
        shut, n = None, 2
        while n <= MAX_GROWTH:
            low, high = self.window(n)
            if low >= high:
                shut = n
                break
            n *= 2
        if shut is None:
            return None
        still_open = shut // 2
        while shut - still_open > 1:
            middle = (shut + still_open) // 2
            low, high = self.window(middle)
            shut, still_open = (middle, still_open) if low >= high else (shut, middle)
        return shut


def cell_ladder(cases: Cases) -> CellLadder:
    """Uniform cells that dissipate in drive, ground and V_DW wires what this network's wires do.

    Per-cell resistances come from the wire loss of each net class in the static state somas P, all axons ON, divided
    by the squared currents of a uniform ladder: drive taps beyond each cell, ground columns fed evenly and tied at
    both ends (``i²·N³/12`` per column), one soma per V_DW row (``i²·N/6`` cells). Trunks, stubs and vias count as if
    they lay in the rows and columns, so small networks look slightly worse than they are.
    """
    network, axons, n = cases.network, cases.axons, cases.network.neurons
    solution = cases.run_states["somas P, all axons ON"]
    tracks = np.zeros((n, n))
    tracks[network.pre[axons], network.post[axons]] = solution.track_current[axons]
    centred = _is_centred(cases, solution)
    feeds = np.full(n, n // 2) if centred else np.arange(n)
    squares = sum(float(np.sum(_tap_currents(tracks[j], int(feeds[j])) ** 2)) for j in range(n))
    loss = _wire_loss(cases, solution)
    feed_current = np.abs(tracks.sum(axis=1))
    mean_square = float(np.mean(tracks.sum(axis=1) / n) ** 2)
    return CellLadder(
        drive=loss["drive"] / squares,
        ground=loss["ground"] / (mean_square * n**4 / 12),
        vdw=loss["vdw"] / (float(np.mean(feed_current**2)) * n**2 / 6),
        r_p=float(np.median(network.r_p)), r_ap=float(np.median(network.r_ap)), r_m=float(np.median(network.r_m)),
        leak_current=float(np.median(cases.leak_current[axons])),
        soma_current=dendrite_bound(cases) / float(np.median(network.r_m)), centred=centred,
    )  # fmt: skip


def _tap_currents(track: np.ndarray, feed: int) -> np.ndarray:
    """Current between neighbouring cells of a column fed at one cell, from the currents its taps take."""
    up = np.cumsum(track[::-1])[::-1][1:]  # what passes from cell i to i+1 above the feed
    down = np.cumsum(track)[:-1]
    cells = np.arange(len(track) - 1)
    return np.where(cells >= feed, up, down)


def _wire_loss(cases: Cases, solution: Solution) -> dict[str, float]:
    network = cases.network
    classes = cases.net_class[network.node_net[network.resistor_nodes[:, 0]]]
    loss = solution.resistor_current**2 * network.resistor_ohm
    return {name: float(loss[classes == name].sum()) for name in ("drive", "ground", "vdw")}


def _is_centred(cases: Cases, solution: Solution) -> bool:
    """Whether neuron 0's drive column is fed near its middle: its highest tap tells."""
    network = cases.network
    mine = cases.axons[network.pre[cases.axons] == 0]
    highest = mine[solution.voltage[network.terminals[mine, DW_IN]].argmax()]
    return network.has_wires and network.neurons > 4 and network.post[highest] > network.neurons / 4
