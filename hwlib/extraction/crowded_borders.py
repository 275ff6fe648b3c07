"""Borders that a wide wire crosses nearer to a contact than it is wide.

A port takes a wire as equipotential across its width. That is right on a uniform stretch. Where what disturbs the
current (contacts, corners, steps) reaches past a border, the wire on both sides is one sheet, and a label on it
attaches by the shape of all of it. Such windows are taken out of the hierarchy and extracted with the rest, as drawn,
where they are few.
"""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as db
import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.extraction.grid import Line
from hwlib.extraction.parts import Part
from hwlib.extraction.polygon_resistors import Conductor
from hwlib.extraction.ports import PortTable
from hwlib.extraction.sections import EdgeXY, sections
from hwlib.extraction.straight import Port, Reach, reach_past, standing_on, whole_end

UNKNOWN = 0.5  # of a line's width: reach where it is no whole end of a wire
LONGEST = 20  # windows along a wire: the sheet of a longer one is solved on a coarser grid, in minutes
MOST = 512  # windows in all: more would cost what windows save


def reaches(wired: dict[str, list[Conductor]], layers: tuple[str, ...], lines: np.ndarray, joined: np.ndarray,
            grid: int) -> np.ndarray:  # fmt: skip
    """How far what disturbs the current in a window reaches past its boundary lines.

    Args:
        wired: its conductors with their contacts, by layer.
        layers: names by layer index.
        lines: layer index, vertical, at, low, high; shape (lines, 5).
        joined: where something goes on, boolean, shape (lines,).
        grid: of the process in dbu.

    Returns:
        Distance in dbu, and whether a stretch that is solved as a sheet goes on past the line, 1 or 0; shape
        (lines, 2).
    """
    found = np.stack([UNKNOWN * (lines[:, 4] - lines[:, 3]), np.ones(len(lines))], axis=1)
    for index in np.unique(lines[:, 0]).tolist():
        own = np.flatnonzero(lines[:, 0] == index)
        rows = [Line.of_row(row) for row in lines[own].tolist()]
        beside = [db.Box(*line.beside()) for line in rows]
        for conductor in wired[layers[index]]:
            box = conductor.polygon.bbox()
            on = {k: line for k, line in enumerate(rows) if box.touches(beside[k])}
            ports = [Port(-1, line) for k, line in on.items() if joined[own[k]]]
            for k, reach in _on_one(conductor, on, ports, grid).items():
                found[own[k]] = reach
    return found


def _on_one(conductor: Conductor, lines: dict[int, Line], ports: list[Port], grid: int) -> dict[int, Reach]:
    """The same for those lines that are whole ends of sections of one conductor."""
    if not lines:
        return {}
    edges: tuple[EdgeXY, ...] = tuple((e.x1, e.y1, e.x2, e.y2) for e in conductor.polygon.each_edge())
    found: dict[int, Reach] = {}
    for section in sections(edges):
        ends = [k for k, line in lines.items() if whole_end(section, line)]
        if not ends:
            continue
        contacts = standing_on(section, conductor.taps, grid)
        for k in ends:
            found[k] = reach_past(section, contacts, [*ports, Port(-1, lines[k])], lines[k], grid)
    return found


def crowded(parts: list[Part], ports: PortTable, reach: Callable[[Part, np.ndarray], np.ndarray],
            rest: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:  # fmt: skip
    """Placements with a border that no port describes, along wires through few windows; ascending.

    Args:
        parts: the windows.
        ports: their boundary lines, matched.
        reach: of a part's lines, of which some are joined, as ``reaches``.
        rest: the same of what lies outside, past lines as of ``PortTable.free_lines``; none where it does not touch.
    """
    if not parts:
        return np.zeros(0, np.int64)
    joined: dict[int, np.ndarray] = {}
    for part, used in zip(parts, ports.used(parts), strict=True):
        joined[part.variant] = joined.get(part.variant, np.zeros(len(used), bool)) | used
    found = [(reach(part, joined[part.variant]), len(part.rows)) for part in parts]
    far = np.concatenate([np.tile(own[:, 0].astype(np.float32), rows) for own, rows in found])  # of millions of ports
    piece = np.concatenate([np.tile(own[:, 1] > 0, rows) for own, rows in found])
    owner, (one, other) = ports.placements(parts), ports.pairs.T
    needed = ports.pairs[(far[one] + far[other] > 0) | piece[one] | piece[other]]
    lines = ports.free_lines()
    near = np.flatnonzero(far[ports.free] > lines[:, 3] - lines[:, 4])  # nothing reaches farther than a wire is wide
    alone = ports.free[near]
    if len(near):
        beyond = rest(lines[near])
        meets = np.isfinite(beyond[:, 0])
        alone = alone[(far[alone] + beyond[:, 0] > 0) | meets & (piece[alone] | (beyond[:, 1] > 0))]
    bad = np.unique(owner[np.concatenate([needed.ravel(), alone])])
    if not len(bad):
        return bad
    first, second = np.searchsorted(bad, owner[needed]).T
    chains, chain = connected_parts(len(bad), first, second)
    short = bad[np.bincount(chain, minlength=chains)[chain] <= LONGEST]
    return short if len(short) <= MOST else short[:0]
