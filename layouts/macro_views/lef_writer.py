"""A macro in the Library Exchange Format, LEF 5.8: the technology's part, and the macro."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb

from hwlib.nets import GROUND, RAIL, V_DW, parse_net
from hwlib.process import Layer, Process
from layouts.macro_views.abstract import MacroAbstract, wire_metals, wire_vias

_HEAD = ("VERSION 5.8 ;", 'BUSBITCHARS "[]" ;', 'DIVIDERCHAR "/" ;')
_USE = {GROUND: "GROUND", V_DW: "POWER", RAIL: "POWER"}  # of other nets: what wires of signals may reach
_UM = 1e6  # in a metre


def technology_lef(process: Process, dbu: float) -> str:
    """The process for routers: metals and vias with their sizes, distances and resistances, and one via of each kind.

    Args:
        process: the process.
        dbu: database unit in µm.
    """
    lines = [
        *_HEAD, "UNITS", f"  DATABASE MICRONS {round(1 / dbu)} ;", "END UNITS",
        f"MANUFACTURINGGRID {_um(process.grid)} ;",
    ]  # fmt: skip
    metals, vias = wire_metals(process), wire_vias(process)
    for name, layer in metals.items():
        lines += _metal(name, layer, list(metals).index(name))
        lines += [
            line for via, cut in vias.items() if cut.connects and cut.connects[0] == name for line in _cut(via, cut)
        ]
    for name, layer in vias.items():
        lines += _via(process, name, layer)
    return "\n".join([*lines, "END LIBRARY", ""])


def _metal(name: str, layer: Layer, level: int) -> Iterator[str]:
    """Rows of the array run on every second metal, columns on those between."""
    width, space = layer.min_width or 0.0, layer.min_space or 0.0
    yield f"LAYER {name}"
    yield "  TYPE ROUTING ;"
    yield f"  DIRECTION {'VERTICAL' if level % 2 else 'HORIZONTAL'} ;"
    yield f"  PITCH {_um(width + space)} ;"
    yield f"  WIDTH {_um(width)} ;"
    if layer.min_area:
        yield f"  AREA {layer.min_area * _UM**2:.12g} ;"
    yield f"  SPACING {_um(space)} ;"
    yield f"  RESISTANCE RPERSQ {layer.sheet_resistance:.9g} ;"
    yield f"  HEIGHT {_um(layer.bottom)} ;"
    yield f"  THICKNESS {_um(layer.thickness)} ;"
    yield f"END {name}"


def _cut(name: str, layer: Layer) -> Iterator[str]:
    size, space = layer.size or layer.min_width or 0.0, layer.min_space or 0.0
    yield f"LAYER {name}"
    yield "  TYPE CUT ;"
    yield f"  SPACING {_um(space)} ;"
    if size:
        yield f"  WIDTH {_um(size)} ;"
        yield f"  RESISTANCE {(layer.contact_resistance or 0) / size**2:.9g} ;"
    yield f"END {name}"


def _via(process: Process, name: str, layer: Layer) -> Iterator[str]:
    if not layer.size or not layer.connects:
        return
    yield f"VIA {name}_default DEFAULT"
    for on, margin in [(name, 0.0), *((metal, process.enclosure(metal, name)) for metal in layer.connects)]:
        half = _um(layer.size / 2 + margin)
        yield f"  LAYER {on} ;"
        yield f"    RECT -{half} -{half} {half} {half} ;"
    yield f"END {name}_default"


def macro_lef(macro: MacroAbstract) -> str:
    """The macro: size, pins with their shapes, what it blocks.

    Several ports of a pin reach one net inside, through its wires: a source is brought to all of them.
    """
    box, name = macro.outline, macro.name
    lines = [
        *_HEAD, f"MACRO {name}", "  CLASS BLOCK ;", f"  FOREIGN {name} 0 0 ;",
        f"  ORIGIN {_dbu(macro, -box.left)} {_dbu(macro, -box.bottom)} ;",
        f"  SIZE {_dbu(macro, box.width())} BY {_dbu(macro, box.height())} ;", "  SYMMETRY X Y R90 ;",
    ]  # fmt: skip
    for net in macro.nets:
        parsed = parse_net(net)
        use = _USE.get(parsed.net_class, "ANALOG") if parsed else "ANALOG"
        lines += [f"  PIN {net}", "    DIRECTION INOUT ;", f"    USE {use} ;"]
        for metal, shape in macro.ports[net]:
            lines += ["    PORT", f"      LAYER {metal} ;", f"        {_rect(macro, shape)}", "    END"]
        lines.append(f"  END {net}")
    lines.append("  OBS")
    for metal, region in macro.blocked.items():
        lines.append(f"    LAYER {metal} ;")
        pieces = region.decompose_trapezoids_to_region(kdb.Polygon.TD_htrapezoids)
        lines += [f"      {_rect(macro, piece.bbox())}" for piece in pieces.each()]
    return "\n".join([*lines, "  END", f"END {name}", "END LIBRARY", ""])


def _rect(macro: MacroAbstract, box: kdb.Box) -> str:
    return f"RECT {' '.join(_dbu(macro, v) for v in (box.left, box.bottom, box.right, box.top))} ;"


def _dbu(macro: MacroAbstract, value: int) -> str:
    return _um(value * macro.dbu / _UM)


def _um(metres: float) -> str:
    """Metres in µm, to a thousandth of a nanometre."""
    return f"{metres * _UM:.6f}".rstrip("0").rstrip(".")
