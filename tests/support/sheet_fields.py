"""Potentials in the drawn metal by finite differences: the referee of extraction, with which it shares no code.

Every conductor is a sheet on one grid that goes through all drawn edges; every contact lets current through over its
whole area, cell by cell. Nothing is lumped but the devices' ends: a pillar's current enters
its read electrode and its top evenly over the pillar, a track's the metal over its contact.
"""

from __future__ import annotations

import itertools

import klayout.db as db
import numpy as np
import scipy.sparse as sp
from scipy.ndimage import label
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, Network
from hwlib.process import Process

End = tuple[np.ndarray, np.ndarray]  # cells, and each one's share of an even current


class SheetFields:
    """The metal of a layout, cut into cells of at most ``step`` nm."""

    def __init__(self, layout: db.Layout, process: Process, step: float):
        self.process = process
        top, unit = layout.top_cell(), layout.dbu * 1000
        names = [n for n, layer in process.layers.items() if layer.kind in ("conductor", "via")] + ["pillar"]
        shapes = {n: _boxes(top, layout.find_layer(*process.layers[n].gds), unit) for n in names}
        drawn = np.concatenate(list(shapes.values()))
        self.x, self.y = (_through(drawn[:, axis::2], step) for axis in (0, 1))
        self.masks = {name: self._mask(boxes) for name, boxes in shapes.items()}
        self.number, cells = {}, 0
        for name in names:
            if process.layers[name].kind == "conductor":
                mask = self.masks[name]
                self.number[name] = np.where(mask, np.cumsum(mask).reshape(mask.shape) - 1 + cells, -1)
                cells += int(mask.sum())
        self.area = np.outer(np.diff(self.x), np.diff(self.y))
        self.laplacian = self._laplacian(cells)
        self.piece = connected_components(self.laplacian, directed=False)[1]

    def _mask(self, boxes: np.ndarray) -> np.ndarray:
        mask = np.zeros((len(self.x) - 1, len(self.y) - 1), bool)
        for x0, y0, x1, y1 in boxes:
            mask[slice(*np.searchsorted(self.x, (x0, x1))), slice(*np.searchsorted(self.y, (y0, y1)))] = True
        return mask

    def _laplacian(self, cells: int) -> sp.csc_matrix:
        hx, hy = np.diff(self.x), np.diff(self.y)
        across_x = hy[None, :] * 2 / (hx[:-1] + hx[1:])[:, None]
        across_y = hx[:, None] * 2 / (hy[:-1] + hy[1:])[None, :]
        links = []
        for name, n in self.number.items():
            siemens = 1 / self.process.layers[name].sheet_resistance
            links += [(n[:-1], n[1:], across_x * siemens), (n[:, :-1], n[:, 1:], across_y * siemens)]
        for name, layer in self.process.layers.items():
            if layer.kind == "via" and "track" not in layer.connects:
                through = self.area * 1e-18 / layer.contact_resistance * self.masks[name]
                links.append((*(self.number[metal] for metal in layer.connects), through))
        rows, columns, values = [], [], []
        for a, b, g in links:
            both = (a >= 0) & (b >= 0) & (g > 0)
            i, j, w = a[both], b[both], g[both]
            rows += [i, j, i, j]
            columns += [j, i, i, j]
            values += [-w, -w, w, w]
        return sp.csc_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (cells, cells))

    def spots(self, name: str) -> list[tuple[float, float, End]]:
        """Pieces of a layer: the middle of each in nm, and its columns and rows."""
        pieces, count = label(self.masks[name])
        out = []
        for k in range(1, count + 1):
            i, j = np.nonzero(pieces == k)
            out.append(((self.x[i.min()] + self.x[i.max() + 1]) / 2, (self.y[j.min()] + self.y[j.max() + 1]) / 2,
                        (np.unique(i), np.unique(j))))  # fmt: skip
        return out

    def even(self, metal: str, i: np.ndarray, j: np.ndarray) -> End:
        """Cells of a metal in columns and rows, and each one's share of an even current."""
        cells, area = self.number[metal][np.ix_(i, j)], self.area[np.ix_(i, j)]
        inside = cells >= 0
        return cells[inside], area[inside] / area[inside].sum()

    def wire_end(
        self, metal: str, box: tuple[float, float, float, float]
    ) -> tuple[tuple[np.ndarray, np.ndarray], float]:
        """The cells along a wire's end, a side of ``box`` in nm with no extent along the wire; and what is added in Ω.

        An even current over cells of depth d comes d/3 from them, a current from the end itself d.
        """
        (x0, y0, x1, y1), along_x = box, box[0] == box[2]
        grid, across = (self.x, self.y) if along_x else (self.y, self.x)
        at, low, high = (x0, y0, y1) if along_x else (y0, x0, x1)
        span = np.flatnonzero((across[:-1] >= low - 1e-6) & (across[1:] <= high + 1e-6))
        k = int(np.argmin(abs(grid - at)))
        for layer in (k - 1, k):
            i, j = (np.array([layer]), span) if along_x else (span, np.array([layer]))
            if 0 <= layer < len(grid) - 1 and (self.number[metal][np.ix_(i, j)] >= 0).all():
                depth = grid[layer + 1] - grid[layer]
                sheet = self.process.layers[metal].sheet_resistance
                return self.even(metal, i, j), sheet * depth * 2 / 3 / (high - low)
        raise AssertionError("no wire there")

    def resistances(self, ends: list[End]) -> np.ndarray:
        """Resistance between every two ends in one piece of metal, in Ω: difference of their mean potentials."""
        mine = np.flatnonzero(self.piece == self.piece[ends[0][0][0]])
        assert all((self.piece[cells] == self.piece[mine[0]]).all() for cells, _ in ends)
        place = np.full(len(self.piece), -1)
        place[mine] = np.arange(len(mine))
        entering = np.zeros((len(mine), len(ends)))
        for k, (cells, part) in enumerate(ends):
            entering[place[cells], k] = part
        matrix = self.laplacian[mine][:, mine] + sp.csc_matrix(([1.0], ([0], [0])), (len(mine),) * 2)
        answer = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(entering)
        return two_terminal(entering.T @ answer)


def refined(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """What two grids, the second half as wide, tend to; they must be near it already.

    The error of reentrant corners and of contacts' edges falls as the power 4/3 to 2 of the cell: 3/2 is taken.
    """
    between = coarse - fine
    assert (abs(between) <= 0.015 * np.maximum(abs(fine), 1e-12)).all(), "the grids are too coarse"
    return fine - between / (2**1.5 - 1)


def two_terminal(potentials: np.ndarray) -> np.ndarray:
    """Resistance between every two ports from their potentials for unit currents into each."""
    own = np.diag(potentials)
    return own[:, None] + own[None, :] - potentials - potentials.T


class Terminals:
    """Where the devices of an extracted network lie in the metal of its layout."""

    def __init__(self, network: Network, fields: SheetFields):
        self.network, self.fields = network, fields
        self.pillars, self.contacts = fields.spots("pillar"), fields.spots("vt")

    def end(self, device: int, terminal: int) -> tuple[End, float]:
        """Where a terminal's current enters the metal, and the contact between, in Ω."""
        if terminal in (DW_IN, DW_OUT):
            node = self.network.terminals[device, terminal]
            at = self.network.node_x[node] * 1e9, self.network.node_y[node] * 1e9
            _, _, (i, j) = min(self.contacts, key=lambda s: abs(s[0] - at[0]) + abs(s[1] - at[1]))
            area = self.fields.area[np.ix_(i, j)].sum() * 1e-18
            return self.fields.even("m1", i, j), self.fields.process.layers["vt"].contact_resistance / area
        at = self.network.device_x[device] * 1e9, self.network.device_y[device] * 1e9
        _, _, (i, j) = min(self.pillars, key=lambda s: abs(s[0] - at[0]) + abs(s[1] - at[1]))
        return self.fields.even("m1" if terminal == MTJ_IN else "read", i, j), 0.0

    def resistances(self, net: int) -> tuple[list[tuple[int, int]], np.ndarray]:
        """The terminals on a net as (device, terminal), and the resistance between every two."""
        found = [(int(d), int(t)) for d, t in np.argwhere(self.network.node_net[self.network.terminals] == net)]
        ends = [self.end(*terminal) for terminal in found]
        between = self.fields.resistances([end for end, _ in ends])
        series = np.array([ohm for _, ohm in ends])
        return found, between + (series[:, None] + series[None, :]) * (1 - np.eye(len(ends)))


def network_resistances(network: Network, found: list[tuple[int, int]]) -> np.ndarray:
    """Resistance between every two terminals of one net by its resistors, in Ω."""
    ends = network.terminals[tuple(np.array(found).T)]
    size = network.nodes
    a, b = network.resistor_nodes.T
    g = 1 / network.resistor_ohm
    place = (np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b]))
    whole = sp.csc_matrix((np.concatenate([-g, -g, g, g]), place), (size, size))
    mine = np.flatnonzero(network.node_net == network.node_net[ends[0]])
    place = np.full(size, -1)
    place[mine] = np.arange(len(mine))
    entering = np.zeros((len(mine), len(ends)))
    entering[place[ends], np.arange(len(ends))] = 1
    matrix = whole[mine][:, mine] + sp.csc_matrix(([1.0], ([0], [0])), (len(mine),) * 2)
    return two_terminal(entering.T @ splu(matrix.tocsc()).solve(entering))


def _boxes(cell: db.Cell, layer: int | None, unit: float) -> np.ndarray:
    """The merged shapes of a layer as boxes in nm: left, bottom, right, top."""
    rows = []
    if layer is not None:
        for polygon in db.Region(cell.begin_shapes_rec(layer)).merged().each():
            assert polygon.is_rectilinear()
            rows += [(b.left, b.bottom, b.right, b.top) for b in (t.bbox() for t in polygon.decompose_trapezoids())]
    return np.array(rows, float).reshape(-1, 4) * unit


def _through(edges: np.ndarray, step: float) -> np.ndarray:
    """Grid lines through all edges, at most ``step`` apart."""
    marks = np.unique(edges)
    parts = [
        np.linspace(a, b, int(np.ceil((b - a) / step - 1e-9)), endpoint=False) for a, b in itertools.pairwise(marks)
    ]
    return np.concatenate([*parts, marks[-1:]])
