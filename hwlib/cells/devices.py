"""The DW-MTJ and its parts as gdsfactory cells; lengths in µm, as gdsfactory has them."""

from __future__ import annotations

import gdsfactory as gf

from hwlib.cells.device_dimensions import DeviceBoxes, DeviceSpec, device_boxes
from hwlib.cells.draw import cell_name, draw, port
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.rules import rules_of
from hwlib.cells.shapes import Box, Rect

_UM = 1e-6


def _boxes(process: str, length: float, width: float, pillar: float = 0.02, position: float = 0.5) -> DeviceBoxes:
    spec = DeviceSpec(process, round(length * _UM, 15), round(width * _UM, 15), round(pillar * _UM, 15), position)
    return device_boxes(spec)


@plain_settings
@gf.cell(set_name=False)
def dw_track(process: str = "ebeam", track_length: float = 0.1, track_width: float = 0.05) -> gf.Component:
    """The domain-wall track with its two contacts and the marker of the DW_IN end, without a pillar.

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
    """
    d, rules = _boxes(process, track_length, track_width), rules_of(process)
    c = gf.Component()
    c.name = cell_name("dw_track", process, track_length, track_width)
    rects = [rect for rect in d.rects() if rect.layer != "pillar"]
    draw(c, rules.process, [*rects, Rect("m1", d.in_pad), Rect("m1", d.out_pad)])
    port(c, rules.process, "DW_IN", "m1", d.in_pad, 180)
    port(c, rules.process, "DW_OUT", "m1", d.out_pad, 0)
    return c


@plain_settings
@gf.cell(set_name=False)
def mtj_pillar(process: str = "ebeam", track_width: float = 0.05, pillar_width: float = 0.02) -> gf.Component:
    """A tunnel junction with its read electrode and top metal, centred on the origin; spans the track's width.

    Args:
        process: preset name, or the key of a process in use.
        track_width: µm.
        pillar_width: along the track, µm.
    """
    rules = rules_of(process)
    w, h = rules.exact(pillar_width * _UM, "pillar_width"), rules.exact(track_width * _UM, "track_width")
    least = rules.width("pillar")
    if min(w, h) < least:
        rules.refuse("mtj_pillar", min(w, h), "pillar.width", least)
    box = Box(-(w // 2), -(h // 2), w - w // 2, h - h // 2)
    top, read = rules.pad("m1", "pillar", box), rules.pad("read", "pillar", box)
    c = gf.Component()
    c.name = cell_name("mtj_pillar", process, track_width, pillar_width)
    draw(c, rules.process, [Rect("pillar", box), Rect("read", read), Rect("m1", top)])
    port(c, rules.process, "MTJ_IN", "m1", top, 90)
    port(c, rules.process, "MTJ_OUT", "read", read, 270)
    return c


@plain_settings
@gf.cell(set_name=False)
def dw_mtj(
    process: str = "ebeam",
    track_length: float = 0.1,
    track_width: float = 0.05,
    pillar_width: float = 0.02,
    pillar_position: float = 0.5,
) -> gf.Component:
    """The four-terminal device with ports DW_IN, DW_OUT, MTJ_IN and MTJ_OUT; q = 0 at x = 0.

    Args:
        process: preset name, or the key of a process in use.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.

    Raises:
        InputError: a geometry that the rules of the process do not allow.
    """
    d = _boxes(process, track_length, track_width, pillar_width, pillar_position)
    rules = rules_of(process)
    c = gf.Component()
    c.name = cell_name("dw_mtj", process, track_length, track_width, pillar_width, pillar_position)
    pads = [Rect("m1", d.in_pad), Rect("m1", d.out_pad), Rect("m1", d.top_pad), Rect("read", d.read)]
    draw(c, rules.process, d.rects() + pads)
    port(c, rules.process, "DW_IN", "m1", d.in_pad, 180)
    port(c, rules.process, "DW_OUT", "m1", d.out_pad, 0)
    port(c, rules.process, "MTJ_IN", "m1", d.top_pad, 90)
    port(c, rules.process, "MTJ_OUT", "read", d.read, 270)
    return c
