"""Where on the layout two nets are shorted, or one net is broken."""

from __future__ import annotations

from collections.abc import Iterable

import klayout.db as kdb
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import spsolve

from hwlib.checks.connectivity import Extracted, wires
from hwlib.checks.device_table import PlacedNet
from hwlib.checks.rectangles import Point, linked_layers, rectangles, touching
from hwlib.connected_parts import connected_parts

MAX_SHAPES = 100_000  # larger nets are reported without the exact place


class Locator:
    """Finds places of net errors on the polygons of the nets concerned."""

    def __init__(self, extracted: Extracted, chop: int):
        """Wires are cut into pieces of up to ``chop`` dbu: as exactly as that is a short found."""
        self._extracted, self._chop = extracted, chop
        self._names = wires(extracted.process)
        self._unit = extracted.layout.dbu

    def polygons(self, pieces: Iterable[PlacedNet]) -> dict[str, kdb.Region]:
        """Merged polygons of nets by layer, in top-cell coordinates."""
        found = {name: kdb.Region() for name in self._names}
        for piece in pieces:
            place = piece.place.to_itrans(self._unit)
            for name in self._names:
                found[name] += self._extracted.lvs.polygons_of_net(
                    piece.net, self._extracted.lvs.layer_index(self._extracted.layers[name]), True, place
                )
        return {name: region.merged() for name, region in found.items()}

    def short(self, piece: PlacedNet, first: list[Point], second: list[Point]) -> kdb.Box | None:
        """Box of the shapes that join two nets.

        Current is driven from what belongs to the one net to what belongs to the other: all of it passes the short.

        Args:
            piece: the net that both have become.
            first: points (dbu) that belong to the one net, such as terminals and labels.
            second: points that belong to the other.
        """
        shapes = rectangles(self.polygons([piece]), self._chop, MAX_SHAPES)
        if not 0 < len(shapes) <= MAX_SHAPES:
            return None
        high, low = shapes.at(first), shapes.at(second)
        if not len(high) or not len(low):
            return None
        both = np.intersect1d(high, low)
        if len(both):  # two terminals on one shape
            return kdb.Box(*shapes.boxes[both[0]].tolist())
        edges = touching(shapes, linked_layers(self._extracted.process, shapes.layers))
        carried = _through_current(len(shapes), edges, high, low)
        busy = np.flatnonzero(carried >= 0.999 * carried.max())
        free = np.setdiff1d(busy, np.concatenate([high, low]))
        busy = free if len(free) else busy
        box = kdb.Box()
        for index in busy:
            box += kdb.Box(*shapes.boxes[index].tolist())
        return box

    def gap(self, piece: PlacedNet, others: list[PlacedNet], reach: int) -> kdb.Box | None:
        """Box of the place where a piece of a net should meet the rest of it.

        Parts of one layer that nearly touch have been cut apart. Otherwise a via is missing where two layers lie over
        each other, or else it is the narrowest gap.

        Args:
            piece: the part that is cut off.
            others: the other parts of the net.
            reach: largest gap looked for, in dbu.
        """
        mine, rest = self.polygons([piece]), self.polygons(others)
        if sum(region.count() for region in (*mine.values(), *rest.values())) > MAX_SHAPES:
            return None
        gap = self._narrowest_gap(mine, rest, reach)
        if gap is not None and gap[0]:
            return gap[1]
        over = self._missing_vias(mine, rest)
        return over if over is not None else gap[1] if gap else None

    def _narrowest_gap(
        self, mine: dict[str, kdb.Region], rest: dict[str, kdb.Region], reach: int
    ) -> tuple[bool, kdb.Box] | None:
        """The narrowest gap within a layer, and whether it is too narrow to have been meant."""
        best: tuple[float, str, kdb.Box] | None = None
        for name in self._names:
            for pair in mine[name].separation_check(rest[name], reach).each():
                distance = pair.distance()
                if best is None or distance < best[0]:
                    best = distance, name, pair.bbox()
        if best is None:
            return None
        space = self._extracted.process.layers[best[1]].min_space or 0.0
        return best[0] * self._unit * 1e-6 <= 1.001 * space, best[2]

    def _missing_vias(self, mine: dict[str, kdb.Region], rest: dict[str, kdb.Region]) -> kdb.Box | None:
        process = self._extracted.process
        best: tuple[int, kdb.Box] | None = None
        for via in process.of_kind("via").values():
            low, high = via.connects or ("", "")
            if low not in mine or high not in mine:
                continue
            size = round((via.size or 0.0) / (self._unit * 1e-6))
            for overlap in (mine[low] & rest[high], mine[high] & rest[low]):
                fits = overlap.merged().sized(-(size // 2)).sized(size // 2)
                for polygon in fits.each():
                    if best is None or polygon.area() < best[0]:
                        best = polygon.area(), polygon.bbox()
        return best[1] if best else None


def _through_current(count: int, edges: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Current through each node of a net of equal resistors between nodes held at 1 V and nodes held at 0 V."""
    ones = np.ones(len(edges))
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count)).tocsr()
    graph = csr_matrix(graph + graph.T)
    _, part = connected_parts(count, edges[:, 0], edges[:, 1])
    laplacian = csr_matrix(diags(np.asarray(graph.sum(axis=1)).ravel()) - graph)
    volts = np.zeros(count)
    volts[high] = 1.0
    held = np.zeros(count, bool)
    held[high] = held[low] = True
    held |= ~np.isin(part, part[held])  # parts without any held node would float
    free = ~held
    if free.any():
        volts[free] = spsolve(laplacian[free][:, free].tocsc(), -laplacian[free][:, held] @ volts[held])
    flow = np.abs(volts[edges[:, 0]] - volts[edges[:, 1]])
    through = np.bincount(edges[:, 0], flow, count) + np.bincount(edges[:, 1], flow, count)
    return np.where(held, through, through / 2)
