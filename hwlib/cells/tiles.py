"""The crossbar's tiles as gdsfactory cells: axon, soma, synapse tie and a demonstration neuron."""

from __future__ import annotations

from collections.abc import Callable

import gdsfactory as gf
from kfactory.conf import CheckInstances

from hwlib.cells.draw import cell_name, dbu_per_step, draw, port
from hwlib.cells.shapes import Box, Rect
from hwlib.cells.tile_dimensions import Tile, TileSpec, tile_of
from hwlib.cells.tile_shapes import Wiring, axon_rects, blank_rects, soma_rects
from hwlib.errors import InputError


@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def axon(tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2), tie=1), tag: str = "") -> gf.Component:
    """An axon tile: drive column, ground column, dendrite row and weight tracks, tied at ``wiring.tie``.

    Args:
        tile: what all tiles of the crossbar share.
        wiring: which wires cross this one.
        tag: readable part of the cell's name.
    """
    c, t = _tile("axon", axon_rects, tile, wiring, tag), tile_of(tile)
    if wiring.tie is not None:
        weight = t.tracks[wiring.tie]
        angle = 0 if wiring.side == "east" else 180
        port(c, t.rules.process, "WEIGHT", "m3", Box(0, weight[0], t.px, weight[1]), angle)
    return c


@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def soma(tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2)), tag: str = "") -> gf.Component:
    """A soma tile: same pitch and wires as the axon's, the device between dendrite and ground, V_DW and drive."""
    return _tile("soma", soma_rects, tile, wiring, tag)


@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def blank(tile: TileSpec = TileSpec(), wiring: Wiring = Wiring(through=(0, 2)), tag: str = "") -> gf.Component:
    """A tile without a device, where no axon is: same pitch and wires as the axon's."""
    return _tile("blank", blank_rects, tile, wiring, tag)


@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def synapse(tile: TileSpec = TileSpec(), tie: int = 0) -> gf.Component:
    """The programming tie alone: the pillar's metal 1 and strap, and the via 2 that holds the weight.

    Args:
        tile: what all tiles of the crossbar share.
        tie: weight track that the via lands on.
    """
    t = tile_of(tile)
    _check_tie(t, Wiring(tie=tie))
    vias = t.track_v2[tie]
    c = gf.Component()
    c.name = cell_name(f"synapse_{tie}", tile, tie)
    strap = t.strap.joined(t.rules.pad("m2", "v2", vias.whole))
    pad = t.rules.pad("m3", "v2", vias.whole)
    track = Box(pad.x0, t.tracks[tie][0], pad.x1, t.tracks[tie][1])
    rects = [Rect("m1", t.top_pad), *t.pillar_v1.rects(), Rect("m2", strap), *vias.rects(), Rect("m3", track)]
    draw(c, t.rules.process, rects)
    port(c, t.rules.process, "MTJ_IN", "m1", t.top_pad, 270)
    port(c, t.rules.process, "WEIGHT", "m3", track, 180)
    return c


@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def neuron(tile: TileSpec = TileSpec(), axons: int = 3) -> gf.Component:
    """One soma and the axons that read onto its dendrite, as a row (demonstration and test structure).

    Args:
        tile: what the tiles share.
        axons: number of axons, tied to the weight tracks in turn.
    """
    if not 1 <= axons <= 10_000 or tile.tracks < 1:
        raise InputError(f"neuron: needs 1 to 10000 axons and a weight track, found {axons} and {tile.tracks}")
    t, through = tile_of(tile), (0, tile.tracks)
    c = gf.Component()
    c.name = cell_name("neuron", tile, axons)
    pitch = t.px * dbu_per_step(t.rules.process)
    (c << soma(tile=tile, wiring=Wiring(through=through))).dmove((0, 0))
    for k in range(axons):
        made = c << axon(tile=tile, wiring=Wiring(through=through, tie=k % tile.tracks))
        made.move(((k + 1) * pitch * c.kcl.dbu, 0))
    whole = Box(0, 0, (axons + 1) * t.px, t.py)
    for name, span in (("DENDRITE", t.dendrite), ("VDW", t.vdw)):
        port(c, t.rules.process, name, "m3", Box(0, span[0], whole.x1, span[1]), 180)
    return c


def _tile(
    kind: str, rects: Callable[[Tile, Wiring], list[Rect]], tile: TileSpec, wiring: Wiring, tag: str
) -> gf.Component:  # fmt: skip
    """A cell of the crossbar's pitch, with ports of the wires that cross every one."""
    t = tile_of(tile)
    _check_tie(t, wiring)
    c = gf.Component()
    c.name = cell_name(f"{kind}{tag and '_'}{tag}", tile, wiring)
    draw(c, t.rules.process, rects(t, wiring))
    _row_ports(c, t)
    port(c, t.rules.process, "DRIVE", "m2", Box(t.drive[0] + t.origin[0], 0, t.drive[1] + t.origin[0], t.py), 90)
    return c


def _row_ports(c: gf.Component, t: Tile) -> None:
    process, ox = t.rules.process, t.origin[0]
    port(c, process, "DENDRITE", "m3", Box(0, t.dendrite[0], t.px, t.dendrite[1]), 180)
    port(c, process, "VDW", "m3", Box(0, t.vdw[0], t.px, t.vdw[1]), 180)
    port(c, process, "GROUND", "m2", Box(t.ground[0] + ox, 0, t.ground[1] + ox, t.py), 270)


def _check_tie(t: Tile, wiring: Wiring) -> None:
    count = len(t.tracks)
    if wiring.tie is not None and not 0 <= wiring.tie < count:
        raise InputError(f"tile: tie {wiring.tie} is no weight track, allowed: 0 to {count - 1}")
    if not 0 <= wiring.through[0] <= wiring.through[1] <= count:
        raise InputError(f"tile: through tracks {wiring.through} leave the {count} weight tracks")
