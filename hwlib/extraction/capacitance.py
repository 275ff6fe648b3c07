"""Capacitance of nets from their drawn rectangles: plates, fringes and neighbouring edges.

- Plates: every overlap of two conductors with none between them, ``ε·area/gap``; what has no conductor below faces the
  return plane at z = 0, the level of the tracks. The process gives no substrate distance; this is the nearest plane
  there can be, so capacitance to ground is an upper bound.
- Fringe of every edge toward what lies below it (height H): half of ``ε·[0.15·W/H + 2.80·(T/H)^0.222]`` per length.
- Coupling of facing edges of one layer (spacing S): ``ε·[0.03·W/H + 0.83·T/H − 0.07·(T/H)^0.222]·(H/S)^1.34``.

Fringe and coupling: Sakurai & Tamaru, IEEE Trans. Electron Devices 30, 183 (1983) and Sakurai, ibid. 40, 118 (1993);
within 10 % for 0.3 < W/H, T/H < 10 and S/H > 0.5. Vias and the tunnel barriers of the devices are not included.

The layers are painted on one grid that follows their edges, band by band, so every overlap and every facing edge is
counted once whatever the shapes, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwlib.errors import InputError
from hwlib.process import Process

VACUUM_PERMITTIVITY = 8.8541878128e-12  # F/m, CODATA 2018
WIDEST = 30.0  # W/H: range of the fringe formula; beyond, its W term is an artefact
FARTHEST = 1e-6  # m: edges farther apart do not couple
MAX_CELLS = 3_000_000  # grid cells of all layers per band
GROUND, EMPTY = -1, -2  # owners of grid cells besides nets


@dataclass(frozen=True)
class ConductorRectangles:
    """Non-overlapping or overlapping rectangles of conductors.

    Attributes:
        layer: layer name of each index used in ``layer_index``.
        layer_index: shape (rectangles,).
        box: left, bottom, right, top in m, shape (rectangles, 4).
        net: net of each, −1 for conductors that count as ground (tracks), shape (rectangles,).
    """

    layer: tuple[str, ...]
    layer_index: np.ndarray
    box: np.ndarray
    net: np.ndarray


@dataclass(frozen=True)
class Capacitances:
    """Capacitance per net.

    Attributes:
        ground: to the return plane and the tracks in F, shape (nets,).
        coupling_nets: pairs of nets, first < second, sorted, shape (couplings, 2).
        coupling_farad: F, shape (couplings,).
    """

    ground: np.ndarray
    coupling_nets: np.ndarray
    coupling_farad: np.ndarray


def capacitances(rectangles: ConductorRectangles, nets: int, process: Process) -> Capacitances:
    """Capacitance of every net to ground and to every other net.

    Args:
        rectangles: drawn conductors with their nets.
        nets: number of nets.
        process: thickness and height of the layers, permittivity.

    Raises:
        InputError: a layer of the process that does not lie above the one below it.
    """
    stack = _Stack(rectangles, process)
    total = _Pairs(nets)
    for turned in (False, True):  # facing edges along x, then along y; plates once
        for band in _bands(rectangles, turned, len(stack.order)):
            grid = stack.paint(band)
            if not turned:
                _plates(grid, stack, total)
            _edges(grid, stack, total)
    return total.result(process.permittivity * VACUUM_PERMITTIVITY)


class _Stack:
    """Layers from bottom to top."""

    def __init__(self, rectangles: ConductorRectangles, process: Process):
        layers = [process.layers[name] for name in rectangles.layer]
        self.order = np.argsort([layer.bottom for layer in layers], kind="stable")
        self.bottom = np.array([layer.bottom for layer in layers])[self.order]
        self.thickness = np.array([layer.thickness for layer in layers])[self.order]
        self.rank = np.argsort(self.order)
        for k, name in enumerate(np.array(rectangles.layer)[self.order][1:], start=1):
            if self.bottom[k] <= self.bottom[k - 1] + self.thickness[k - 1]:
                raise InputError(f"process: layer {name} must start above the top of the layer below it")

    def paint(self, band: _PaintBand) -> _PaintedGrid:
        """Owner of every grid cell on every layer, and what lies below it."""
        xs = np.unique(band.box[:, [0, 2]])
        xs = np.concatenate([[xs[0] - FARTHEST], xs, [xs[-1] + FARTHEST]])  # an empty cell beyond each end
        ys = np.unique(band.box[:, [1, 3]])
        owner = np.full((len(self.order), len(ys) - 1, len(xs) - 1), EMPTY, np.int32)
        x0, x1 = np.searchsorted(xs, band.box[:, 0]), np.searchsorted(xs, band.box[:, 2])
        y0, y1 = np.searchsorted(ys, band.box[:, 1]), np.searchsorted(ys, band.box[:, 3])
        for k, a, b, c, d, net in zip(self.rank[band.layer], x0, x1, y0, y1, band.net, strict=True):
            owner[k, c:d, a:b] = net
        return _PaintedGrid(xs, np.diff(ys), owner, *self._below(owner))

    def _below(self, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        below, gap = np.empty_like(owner), np.empty(owner.shape, np.float32)
        net = np.full(owner.shape[1:], GROUND, np.int32)
        top = np.zeros(owner.shape[1:], np.float32)
        for k in range(len(owner)):
            below[k] = net
            gap[k] = self.bottom[k] - top
            filled = owner[k] != EMPTY
            net = np.where(filled, owner[k], net)
            top = np.where(filled, np.float32(self.bottom[k] + self.thickness[k]), top)
        return below, gap


@dataclass(frozen=True)
class _PaintBand:
    layer: np.ndarray
    box: np.ndarray
    net: np.ndarray


@dataclass(frozen=True)
class _PaintedGrid:
    """Painted band: cell edges in x (m), row heights (m), owner net, net below and gap to it, (layers, rows, cells)."""

    x: np.ndarray
    height: np.ndarray
    owner: np.ndarray
    below: np.ndarray
    gap: np.ndarray


class _Pairs:
    """Sums geometric factors (C/ε, in m) per pair of nets."""

    def __init__(self, nets: int):
        self.nets = nets
        self._keys: list[np.ndarray] = []
        self._sums: list[np.ndarray] = []

    def add(self, first: np.ndarray, second: np.ndarray, factor: np.ndarray) -> None:
        lower, upper = np.minimum(first, second), np.maximum(first, second)
        other = (lower != upper) & (factor > 0)
        keys, index = np.unique(
            (lower[other] + 1).astype(np.int64) * (self.nets + 1) + upper[other] + 1, return_inverse=True
        )
        self._keys.append(keys)
        self._sums.append(np.bincount(index, factor[other], minlength=len(keys)))

    def result(self, permittivity: float) -> Capacitances:
        keys, index = np.unique(np.concatenate([np.zeros(0, np.int64), *self._keys]), return_inverse=True)
        farad = permittivity * np.bincount(index, np.concatenate([np.zeros(0), *self._sums]), minlength=len(keys))
        lower, upper = np.divmod(keys, self.nets + 1)
        to_ground = lower == 0
        ground = np.zeros(self.nets)
        ground[upper[to_ground] - 1] = farad[to_ground]
        pairs = np.stack([lower, upper], axis=1)[~to_ground] - 1
        return Capacitances(ground, pairs.astype(np.int32), farad[~to_ground])


def _bands(rectangles: ConductorRectangles, turned: bool, layers: int) -> Iterator[_PaintBand]:
    """The drawing cut into horizontal bands (of the turned drawing) whose grids stay below ``MAX_CELLS``."""
    box = rectangles.box[:, [1, 0, 3, 2]] if turned else rectangles.box
    order = np.argsort(box[:, 1], kind="stable")
    box, layer, net = box[order], rectangles.layer_index[order], rectangles.net[order]
    columns = len(np.unique(box[:, [0, 2]])) + 1
    rows = max(MAX_CELLS // max(columns * layers, 1), 1)
    ys = np.unique(box[:, [1, 3]])
    for start in range(0, len(ys) - 1, rows):
        low, high = ys[start], ys[min(start + rows, len(ys) - 1)]
        inside = (box[:, 1] < high) & (box[:, 3] > low)
        if inside.any():
            clipped = box[inside]
            clipped[:, 1], clipped[:, 3] = np.maximum(clipped[:, 1], low), np.minimum(clipped[:, 3], high)
            yield _PaintBand(layer[inside], clipped, net[inside])


def _plates(grid: _PaintedGrid, stack: _Stack, total: _Pairs) -> None:
    area = grid.height[:, None] * np.diff(grid.x)[None, :]
    for k in range(len(stack.order)):
        filled = grid.owner[k] >= 0
        total.add(grid.owner[k][filled], grid.below[k][filled], area[filled] / grid.gap[k][filled])


def _edges(grid: _PaintedGrid, stack: _Stack, total: _Pairs) -> None:
    """Fringe of every left and right edge, and coupling across every gap, row by row."""
    for k, thickness in enumerate(stack.thickness):
        owner = grid.owner[k]
        if not (owner >= 0).any():
            continue
        row, cell, net, end = _runs(owner)
        width = grid.x[end] - grid.x[cell]
        same_row = row[1:] == row[:-1]
        for run, outside, at in (
            (np.arange(len(row) - 1), np.arange(1, len(row)), cell[1:]),  # right edges: the cell after the run
            (np.arange(1, len(row)), np.arange(len(row) - 1), cell[1:] - 1),  # left edges: the cell before it
        ):
            edge = same_row & (net[run] >= 0) & (net[outside] == EMPTY)
            run, at = run[edge], at[edge]
            high = grid.gap[k][row[run], at]
            factor = 1.40 * (thickness / high) ** 0.222 + 0.075 * np.minimum(width[run] / high, WIDEST)
            total.add(net[run], grid.below[k][row[run], at], grid.height[row[run]] * factor)
        _couple(grid, k, thickness, (row, cell, net, width), total)


def _runs(owner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Runs of equal owner along each row: row, first cell, owner, cell after the last."""
    starts = np.ones(owner.shape, bool)
    starts[:, 1:] = owner[:, 1:] != owner[:, :-1]
    row, cell = np.nonzero(starts)
    end = np.append(cell[1:], 0)
    end[np.append(row[1:] != row[:-1], True)] = owner.shape[1]
    return row, cell, owner[row, cell], end


def _couple(grid: _PaintedGrid, k: int, thickness: float, runs: tuple[np.ndarray, ...], total: _Pairs) -> None:
    row, cell, net, width = runs
    middle = np.arange(1, len(row) - 1)
    between = (net[middle] == EMPTY) & (row[middle - 1] == row[middle + 1]) & (width[middle] <= FARTHEST)
    middle = middle[between & (net[middle - 1] >= 0) & (net[middle + 1] >= 0)]
    high = grid.gap[k][row[middle], cell[middle]]
    wide = np.minimum((width[middle - 1] + width[middle + 1]) / 2 / high, WIDEST)
    flat = thickness / high
    factor = (0.03 * wide + 0.83 * flat - 0.07 * flat**0.222) * (high / width[middle]) ** 1.34
    total.add(net[middle - 1], net[middle + 1], grid.height[row[middle]] * factor)
