"""Soma, axon, synapse and a neuron's row with plain keywords; lengths in µm, as gdsfactory has them.

They draw what the tiles of a crossbar with these widths are, from the same rectangles.
"""

from __future__ import annotations

from typing import Any, Literal

import gdsfactory as gf
from kfactory.conf import CheckInstances

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.draw import cell_name, dbu_per_step, draw, port
from hwlib.cells.plain_settings import LONGEST, plain_settings
from hwlib.cells.shapes import Box, Rect
from hwlib.cells.tile_dimensions import TileSpec, tile_of
from hwlib.cells.tile_shapes import Wiring, axon_rects, soma_rects
from hwlib.cells.tiles import check_tie, draw_tile
from hwlib.errors import InputError, shown
from hwlib.quantities import plain_number


def tile_spec(
    process: str, track_length: float, track_width: float, pillar_width: float, pillar_position: float, tracks: int,
    **widths: Any,
) -> TileSpec:  # fmt: skip
    """The tile that plain keywords in µm mean.

    Raises:
        InputError: a number of weight tracks that no tile has.
    """
    if not 0 <= tracks <= 1000:
        raise InputError(f"weight_tracks: found {tracks}, allowed: 0 to 1000")
    device = DeviceSpec(process, metres(track_length), metres(track_width), metres(pillar_width), pillar_position)
    given: dict[str, Any] = {name: None if w is None else metres(w) for name, w in widths.items()}
    return TileSpec(device, tracks, **given)


def metres(um: float) -> float:
    """Length in m, of one in µm.

    Raises:
        InputError: no number, or none that a layout can hold.
    """
    return round(plain_number(um, "length in µm", least=0, most=LONGEST) * 1e-6, 15)


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def soma(
    process: str = "ebeam", track_length: float = 0.1, track_width: float = 0.05, pillar_width: float = 0.02,
    pillar_position: float = 0.5, weight_tracks: int = 2, dendrite_width: float | None = None,
    drive_width: float | None = None, ground_width: float | None = None, weight_width: float | None = None,
    vdw_width: float | None = None,
) -> gf.Component:  # fmt: skip
    """A soma: the device between dendrite and ground, its pillar between V_DW and drive, on a crossbar's wires.

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.
        weight_tracks: weight rails or lines that pass.
        dendrite_width: of the wire, µm; the least that rules allow when None, as of the others.
        drive_width: µm.
        ground_width: µm.
        weight_width: µm.
        vdw_width: µm.

    Raises:
        InputError: a geometry that the rules of the process do not allow.
    """
    tile = tile_spec(
        process, track_length, track_width, pillar_width, pillar_position, weight_tracks,
        dendrite_width=dendrite_width, drive_width=drive_width, ground_width=ground_width, weight_width=weight_width,
        vdw_width=vdw_width,
    )  # fmt: skip
    wiring = Wiring(through=(0, weight_tracks))
    return draw_tile(cell_name("soma", "named", tile, wiring), soma_rects, tile, wiring)


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def axon(
    process: str = "ebeam", track_length: float = 0.1, track_width: float = 0.05, pillar_width: float = 0.02,
    pillar_position: float = 0.5, weight_tracks: int = 2, tie: int = 0,
    side: Literal["both", "west", "east"] = "both", dendrite_width: float | None = None,
    drive_width: float | None = None, ground_width: float | None = None, weight_width: float | None = None,
    vdw_width: float | None = None,
) -> gf.Component:  # fmt: skip
    """An axon: track between drive and ground, pillar tied to a weight track, read by the dendrite.

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.
        weight_tracks: weight rails or lines that pass.
        tie: the one that holds this axon's weight, counted from the dendrite.
        side: where the port of the weight is; ``both`` is the west.
        dendrite_width: of the wire, µm; the least that rules allow when None, as of the others.
        drive_width: µm.
        ground_width: µm.
        weight_width: µm.
        vdw_width: µm.

    Raises:
        InputError: a geometry that the rules of the process do not allow, or a tie to no track.
    """
    tile = tile_spec(
        process, track_length, track_width, pillar_width, pillar_position, weight_tracks,
        dendrite_width=dendrite_width, drive_width=drive_width, ground_width=ground_width, weight_width=weight_width,
        vdw_width=vdw_width,
    )  # fmt: skip
    if side not in ("both", "west", "east"):
        raise InputError(f"axon: side {shown(side)}, allowed: both, west, east")
    wiring = Wiring(through=(0, weight_tracks), tie=tie, side=side)
    return draw_tile(cell_name("axon", "named", tile, wiring), axon_rects, tile, wiring)


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def synapse(
    process: str = "ebeam", track_length: float = 0.1, track_width: float = 0.05, pillar_width: float = 0.02,
    pillar_position: float = 0.5, weight_tracks: int = 2, tie: int = 0,
) -> gf.Component:  # fmt: skip
    """The programming tie alone: the pillar's metal 1 and strap, and the via 2 that holds the weight.

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.
        weight_tracks: weight rails or lines of the tile.
        tie: weight track that the via lands on.

    Raises:
        InputError: a geometry that the rules of the process do not allow, or a tie to no track.
    """
    tile = tile_spec(process, track_length, track_width, pillar_width, pillar_position, weight_tracks)
    t = tile_of(tile)
    check_tie(t, Wiring(tie=tie))
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


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def neuron(
    process: str = "ebeam", track_length: float = 0.1, track_width: float = 0.05, pillar_width: float = 0.02,
    pillar_position: float = 0.5, weight_tracks: int = 2, axons: int = 3,
) -> gf.Component:  # fmt: skip
    """One soma and the axons that read onto its dendrite, as a row (demonstration and test structure).

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.
        weight_tracks: weight rails of the row.
        axons: number of axons, tied to the weight tracks in turn.

    Raises:
        InputError: a geometry that the rules of the process do not allow, no axons, or no weight tracks.
    """
    if not 1 <= axons <= 10_000 or weight_tracks < 1:
        raise InputError(f"neuron: needs 1 to 10000 axons and a weight track, found {axons} and {weight_tracks}")
    shape = (process, track_length, track_width, pillar_width, pillar_position, weight_tracks)
    t = tile_of(tile_spec(*shape))
    c = gf.Component()
    c.name = cell_name("neuron", t.spec, axons)
    pitch = t.px * dbu_per_step(t.rules.process)
    c.add_ref(soma(*shape))
    for k in range(axons):
        c.add_ref(axon(*shape, tie=k % weight_tracks)).move(((k + 1) * pitch * c.kcl.dbu, 0))
    whole = Box(0, 0, (axons + 1) * t.px, t.py)
    for name, span in (("DENDRITE", t.dendrite), ("VDW", t.vdw)):
        port(c, t.rules.process, name, "m3", Box(0, span[0], whole.x1, span[1]), 180)
    return c
