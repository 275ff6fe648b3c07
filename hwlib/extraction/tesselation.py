"""Resistance of a piece of any shape between its ports, by KLayout's tesselation, in squares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import klayout.db as db
import klayout.pex as pex
import numpy as np

from hwlib.errors import InputError
from hwlib.extraction.grid import Box, Line

TRIANGLES = 6_000
THINNEST = 20_000  # square of a piece's outline over its area, divided by 4: its length over its width where it is thin
STRIP = 4  # steps of the process's grid


def tesselate(piece: db.Polygon, lines: list[Line], taps: list[tuple[Box, ...]], dbu: float,
              grid: int) -> np.ndarray:  # fmt: skip
    """Conductance matrix between lines and taps, all equipotential.

    Args:
        piece: polygon in dbu.
        lines: ports along its outline.
        taps: contacts on it by their boxes; the first box of each counts.
        dbu: µm per dbu.
        grid: dbu per step of the process's grid.

    Raises:
        InputError: too thin for its length, or a shape that KLayout cannot mesh.
    """
    if piece.perimeter() ** 2 > 4 * THINNEST * piece.area():  # triangles are as small as it is wide
        size = max(piece.bbox().width(), piece.bbox().height()) * dbu
        raise InputError(f"a slanted piece of metal, {size:.4g} µm long, is over {THINNEST} times longer than wide")
    whole = db.Region(piece)
    strips = [_outside(p, whole, STRIP * grid) for p in lines]  # a line: a thin strip just beyond the conductor's end
    for strip in strips:
        whole.insert(strip)
    within = whole.merged().sized(-grid)  # a port on the outline breaks the triangulation
    ports = []
    for box in [*strips, *(db.Box(*(round(v) for v in boxes[0])) for boxes in taps)]:
        inside = (db.Region(box) & within).merged()
        ports.append(max(inside.each(), key=lambda p: p.area()) if inside.count() else db.Polygon(box))
    piece = max(whole.merged().each(), key=lambda p: p.area())
    area = piece.area() * dbu**2 / TRIANGLES
    extractor = pex.RExtractor.tesselation_extractor(dbu, 0.4, area)  # type: ignore[attr-defined]
    matrix = np.zeros((len(ports), len(ports)))
    try:
        with _quiet():
            network = extractor.extract(piece, [], ports)
    except RuntimeError:  # KLayout's triangulation gives up on some odd shapes
        raise InputError("a piece of metal has a shape that cannot be meshed, so its resistance is unknown") from None
    for element in network.each_element():
        i, j = element.a().port_index(), element.b().port_index()
        matrix[i, j] = matrix[j, i] = matrix[i, j] - 1 / element.resistance()
    return matrix


def _outside(line: Line, piece: db.Region, far: float) -> db.Box:
    sides = [db.Box(*line.beside(depth)) for depth in (far, -far)]
    return min(sides, key=lambda side: (db.Region(side) & piece).area())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep KLayout from writing of its failed assertions on the terminal; the exception says all there is to say."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
