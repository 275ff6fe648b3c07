"""The tiles of a crossbar: axon, soma, and one without a device, of equal pitch and wires.

Their settings are the crossbar's own; ``hwlib.cells.named_tiles`` has the same with plain keywords.
"""

from __future__ import annotations

from collections.abc import Callable

import gdsfactory as gf
from kfactory.conf import CheckInstances

from hwlib.cells.draw import cell_name, draw, port
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.shapes import Box, Rect
from hwlib.cells.tile_dimensions import Tile, TileSpec, tile_of
from hwlib.cells.tile_shapes import Wiring, axon_rects, blank_rects, soma_rects
from hwlib.errors import InputError


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def axon_tile(
    tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2), tie=1), tag: str = ""
) -> gf.Component:
    """An axon tile: drive column, ground column, dendrite row and weight tracks, tied at ``wiring.tie``.

    Args:
        tile: what all tiles of the crossbar share.
        wiring: which wires cross this one.
        tag: readable part of the cell's name.
    """
    return draw_tile(cell_name(f"axon{_tail(tag)}", tile, wiring), axon_rects, tile, wiring)


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def soma_tile(tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2)), tag: str = "") -> gf.Component:
    """A soma tile: same pitch and wires as the axon's, the device between dendrite and ground, V_DW and drive."""
    return draw_tile(cell_name(f"soma{_tail(tag)}", tile, wiring), soma_rects, tile, wiring)


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def blank_tile(tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2)), tag: str = "") -> gf.Component:
    """A tile without a device, where no axon is: same pitch and wires as the axon's."""
    return draw_tile(cell_name(f"blank{_tail(tag)}", tile, wiring), blank_rects, tile, wiring)


def _tail(tag: str) -> str:
    return f"_{tag}" if tag else ""


def draw_tile(
    name: str, rects: Callable[[Tile, Wiring], list[Rect]], tile: TileSpec, wiring: Wiring
) -> gf.Component:  # fmt: skip
    """A cell of the crossbar's pitch, with ports of the wires that cross every one, and of the weight tied.

    Args:
        name: of the cell.
        rects: what is drawn.
        tile: what all tiles of the crossbar share.
        wiring: which wires cross this one.

    Raises:
        InputError: weight tracks that the tile does not have.
    """
    t = tile_of(tile)
    check_tie(t, wiring)
    c = gf.Component()
    c.name = name
    draw(c, t.rules.process, rects(t, wiring))
    _row_ports(c, t)
    port(c, t.rules.process, "DRIVE", "m2", Box(t.drive[0] + t.origin[0], 0, t.drive[1] + t.origin[0], t.py), 90)
    if wiring.tie is not None:
        weight = t.tracks[wiring.tie]
        angle = 0 if wiring.side == "east" else 180
        port(c, t.rules.process, "WEIGHT", "m3", Box(0, weight[0], t.px, weight[1]), angle)
    return c


def _row_ports(c: gf.Component, t: Tile) -> None:
    process, ox = t.rules.process, t.origin[0]
    port(c, process, "DENDRITE", "m3", Box(0, t.dendrite[0], t.px, t.dendrite[1]), 180)
    port(c, process, "VDW", "m3", Box(0, t.vdw[0], t.px, t.vdw[1]), 180)
    port(c, process, "GROUND", "m2", Box(t.ground[0] + ox, 0, t.ground[1] + ox, t.py), 270)


def check_tie(t: Tile, wiring: Wiring) -> None:
    """Refuse weight tracks that a tile does not have.

    Raises:
        InputError: saying which there are.
    """
    count = len(t.tracks)
    if wiring.tie is not None and not 0 <= wiring.tie < count:
        raise InputError(f"tile: tie {wiring.tie} is no weight track, allowed: 0 to {count - 1}")
    if not 0 <= wiring.through[0] <= wiring.through[1] <= count:
        raise InputError(f"tile: through tracks {wiring.through} leave the {count} weight tracks")
