"""The documentation's page on the process presets: wires, rules and their sources, and what fits."""

from __future__ import annotations

from collections.abc import Iterator

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.rules import process_key
from hwlib.cells.shortest_track import shortest_track
from hwlib.cells.tile_dimensions import Tile, TileSpec
from hwlib.process import Layer, Process, load_process, preset_names
from spinhop.preset_list import preset_rows

_HEAD = """\
# Process presets

Made by `make docs` from the presets; do not edit.

`spinhop process list` names them, `spinhop process show NAME > metals.yaml` writes one as a process file, to change and
to name in a design (`process: metals.yaml`). `copper`, `copper_thick` and `ebeam` are estimates from the literature, as
said in their comments. `sky130`, `sg13g2` and `gf180mcu` are the metals of real back-ends whose design kits are open.
"""
_OPEN = """\
## The open back-ends

Metals m1 to m5 of spinhop are the first five metals of the back-end, by their own GDS numbers. The MTJ level (track,
pillar, read electrode and their two contacts) is no part of these kits: it takes the values of `copper`, on GDS numbers
that the kits leave free, and sits right below the first metal, where the kit has its contacts or local interconnect.
That such a level can be added there is an assumption, as is its distance to the metal; capacitance counts heights from
it, and takes it for the return plane.

Every number of the metals has its source in the preset, by document and rule; the tables below repeat them. Typical
values at room temperature are taken, limits for direct current at the temperature that the kit gives. How rules are
simplified:

- A via's enclosure is the same on all sides: the largest that the kit asks of any side.
- A layer has one minimum space. In `sg13g2` it is that of wires up to 10 µm wide, in `gf180mcu` that of wide wires, in
  `sky130` that of wires up to 3 µm wide: the kit asks for 280 nm (met1, met2) or 400 nm (met3, met4) beside wider ones.
- Vias keep the distance that the kit asks for in large arrays.
- Density, slots in wide metal, antennas and 45° edges are left to the kit's own checks.
- `sg13g2` has two thick metals more, which are not used.

## The smallest device that fits

Coarser metals need more room: the pads of the track's ends and of the pillar must keep their distance on m1, so a track
cannot be shorter than this. Track 50 nm wide, pillar 20 nm in its middle (Table I), all wires as narrow as allowed, two
rails. R_M follows from the length at 1 kΩ per square. Table I's device (100 nm, 2 kΩ) fits the estimates alone.
"""
_METAL = {
    "sheet_resistance": ("Ω per square", 1.0), "thickness": ("thickness, nm", 1e9), "min_width": ("width, nm", 1e9),
    "min_space": ("space, nm", 1e9), "min_area": ("area, µm²", 1e12),
    "max_current_density": ("current, mA per µm", 1e-3), "temperature_coefficient": ("10⁻³ per K", 1e3),
}  # fmt: skip
_VIA = {
    "contact_resistance": ("Ω per via", 1.0), "thickness": ("height, nm", 1e9), "size": ("size, nm", 1e9),
    "min_space": ("space, nm", 1e9), "max_current_density": ("current, mA per via", 1e3),
    "temperature_coefficient": ("10⁻³ per K", 1e3),
}  # fmt: skip


def preset_page() -> str:
    """The page as Markdown."""
    lines = [_HEAD, *_table(["name", "wires, Ω per square", "source"], _rows()), "", _OPEN]
    lines += [*_table(["name", "shortest track, nm", "R_M, kΩ", "tile, somas on the diagonal, nm",
                       "tile, somas centred, nm"], _smallest_rows()), ""]  # fmt: skip
    for name in preset_names():
        process = load_process(name)
        if process.documents:
            lines += _sections(process)
    return "\n".join(lines).rstrip() + "\n"


def _rows() -> Iterator[list[str]]:
    for row in preset_rows():
        yield [f"`{row.name}`", ", ".join(map(str, row.metals)), row.source]


def _smallest_rows() -> Iterator[list[str]]:
    for name in preset_names():
        process = load_process(name)
        length = shortest_track(process)
        assert length is not None  # of the presets, tested
        tiles = [_tile(process, length, centred) for centred in (False, True)]
        pitches = [f"{tile.px * process.grid * 1e9:.0f} × {tile.py * process.grid * 1e9:.0f}" for tile in tiles]
        kilohm = process.track_sheet_resistance * length / 50e-9 / 1e3
        yield [f"`{name}`", f"{length * 1e9:.0f}", f"{kilohm:.3g}", *pitches]


def _tile(process: Process, length: float, centred: bool) -> Tile:
    return Tile(TileSpec(DeviceSpec(process_key(process), round(length, 12)), centred=centred))


def _sections(process: Process) -> Iterator[str]:
    """Numbers of one open back-end, each with its source."""
    yield f"## `{process.name}`\n"
    yield f"{process.description}. Relative permittivity {process.permittivity:g}. Documents:\n"
    yield from (f"- {word}: {document}" for word, document in process.documents.items())
    metals, vias = ({name: one for name, one in process.of_kind(kind).items() if one.foundry_name}
                    for kind in ("conductor", "via"))  # fmt: skip
    for layers, columns, share in ((metals, _METAL, _per_width), (vias, _VIA, _per_cut)):
        yield ""
        yield from _table(["", *(head for head, _ in columns.values())], [
            [f"{name} = {one.foundry_name}",
             *(_cell(one, field, unit * share(one, field)) for field, (_, unit) in columns.items())]
            for name, one in layers.items()
        ])  # fmt: skip
    yield ""
    enclosures = [rule for rule in process.enclosures if rule.outer in metals and rule.inner in vias]
    rows = [[rule.outer, rule.inner, f"{rule.margin * 1e9:.6g}", rule.source or ""] for rule in enclosures]
    yield from _table(["metal", "via", "enclosure, nm", "source"], rows)
    yield ""


def _per_width(layer: Layer, field: str) -> float:
    return layer.thickness if field == "max_current_density" else 1.0


def _per_cut(layer: Layer, field: str) -> float:
    area = (layer.size or 0.0) ** 2
    return {"max_current_density": area, "contact_resistance": 1 / area}.get(field, 1.0)


def _cell(layer: Layer, field: str, scale: float) -> str:
    value, source = getattr(layer, field) * scale, layer.sources.get(field, layer.sources.get("all", ""))
    return f"{value:.4g} ({source})" if value or source else "–"


def _table(heads: list[str], rows: Iterator[list[str]] | list[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
