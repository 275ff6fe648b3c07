"""The crossbar as a cell with plain keywords and a port on every pin."""

from __future__ import annotations

from typing import Any

import gdsfactory as gf
from kfactory.conf import CheckInstances
from pydantic import ValidationError

from hwlib.argument_kinds import takes_kinds
from hwlib.cells.draw import cell_name, dbu_per_step
from hwlib.cells.named_tiles import metres
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.rules import process_of
from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.field_words import in_words
from hwlib.storage.yaml_text import YamlTextError, read_yaml
from layouts.crossbar import hopfield
from layouts.floorplan import floorplan
from layouts.macro_leads import add_pins

_NAME = "macro"


@plain_settings
@gf.cell(set_name=False, check_instances=CheckInstances.IGNORE)
def hopfield_macro(
    process: str = "ebeam", neurons: int = 8, patterns: str = "", matrix: str = "", seed: int = 1,
    weight_style: str = "rails", soma_placement: str = "diagonal", track_length: float = 0.1,
    track_width: float = 0.05, pillar_width: float = 0.02, pillar_position: float = 0.5,
    dendrite_width: float | None = None, drive_width: float | None = None, ground_width: float | None = None,
    weight_width: float | None = None, vdw_width: float | None = None, network: str = "", labels: bool = True,
) -> gf.Component:  # fmt: skip
    """The crossbar of a network, with an electrical port on every pin at the border of the macro.

    Ports are called after their nets: ``dend_0`` … in the west, ``drive_0`` … in the north, ``vdw_west``, ``w_p1_west``
    … in the south, ``gnd_south`` and ``gnd_north`` in the west; ports of one net make up one pin (``component.pins``).
    Sources of nets with several ports are joined outside.

    Args:
        process: preset name, or the key of a process in use.
        neurons: N.
        patterns: stored patterns, words of N bits with spaces between; a random one of ``seed`` when empty.
        matrix: instead, weights as multiples of W: rows with ``;`` between, numbers with spaces; row = postsynaptic.
        seed: of the random pattern.
        weight_style: as ``network.weight_style`` of a design.
        soma_placement: ``diagonal`` or ``centred``.
        track_length: L between the facing edges of the contacts, µm.
        track_width: µm.
        pillar_width: MTJ size along the track, µm.
        pillar_position: MTJ centre as a fraction of L.
        dendrite_width: of the wire, µm; the least that rules allow when None, as of the others.
        drive_width: µm.
        ground_width: µm.
        weight_width: µm.
        vdw_width: µm.
        network: whatever else a design's section ``network`` has, as YAML: ``{straps: {drive: {metal: m4}}}``.
        labels: whether nets are labelled here; else sources attach where the chip has its labels.

    Raises:
        InputError: what a design file would be refused for.
    """
    design = macro_design(
        neurons=neurons, patterns=patterns, matrix=matrix, seed=seed, weight_style=weight_style,
        soma_placement=soma_placement, track_length=track_length, track_width=track_width, pillar_width=pillar_width,
        pillar_position=pillar_position, dendrite_width=dendrite_width, drive_width=drive_width,
        ground_width=ground_width, weight_width=weight_width, vdw_width=vdw_width, network=network,
    )  # fmt: skip
    plan = floorplan(design, process_of(process))
    inner = hopfield(design, plan.process, labelled=labels)
    c = gf.Component()
    c.add_ref(inner)
    add_pins(c, plan)
    scale = dbu_per_step(plan.process)
    c.info["neurons"] = plan.n
    c.info["width_um"], c.info["height_um"] = (v * scale * c.kcl.dbu for v in (plan.outline.x1, plan.outline.y1))
    c.name = cell_name(f"hopfield_macro_{plan.n}", inner.name)
    return c


@takes_kinds
def macro_design(
    *, neurons: int = 8, patterns: str = "", matrix: str = "", seed: int = 1, network: str = "",
    track_length: float = 0.1, track_width: float = 0.05, pillar_width: float = 0.02, pillar_position: float = 0.5,
    **fields: Any,
) -> Design:  # fmt: skip
    """The design that a macro's settings mean: what checks of a chip with it are made against.

    Args:
        neurons: N.
        patterns: as of ``hopfield_macro``, like the others.
        matrix: weights.
        seed: of the random pattern.
        network: further fields, as YAML.
        track_length: µm.
        track_width: µm.
        pillar_width: µm.
        pillar_position: fraction of L.
        fields: other settings of the macro; widths in µm. ``process`` and ``labels`` are no part of a design.

    Raises:
        InputError: what a design file would be refused for.
    """
    widths = {name: metres(um) for name, um in fields.items() if name.endswith("_width") and um is not None}
    given: dict[str, Any] = {name: fields[name] for name in ("weight_style", "soma_placement") if name in fields}
    if patterns.strip() and matrix.strip():
        raise InputError("hopfield_macro: patterns and matrix, give one of them")
    if patterns.strip():
        given["weights"] = {"patterns": patterns.split()}
    if matrix.strip():
        given["weights"] = {"matrix": [_numbers(row) for row in matrix.split(";")]}
    data = {
        "name": _NAME, "seed": seed, "network": {"neurons": neurons, **given, **widths, **_more(network)},
        "device": {
            "track_length": metres(track_length), "track_width": metres(track_width),
            "pillar_width": metres(pillar_width), "pillar_position": pillar_position,
        },
    }  # fmt: skip
    try:
        return Design.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"hopfield_macro: {place}: {in_words(first, Design)}") from None


def _more(network: str) -> dict[str, Any]:
    """Fields of a design's network in YAML."""
    if not network.strip():
        return {}
    try:
        document = read_yaml(network)
    except YamlTextError as error:
        raise InputError(f"hopfield_macro: network: {error}") from None
    if document.problems or not isinstance(document.data, dict):
        raise InputError(f"hopfield_macro: network is no mapping of fields in YAML, found {shown(network)}")
    return document.data


def _numbers(row: str) -> list[float]:
    try:
        return [float(word) for word in row.split()]
    except ValueError:
        raise InputError(f"hopfield_macro: matrix has a row that is no numbers, found {shown(row)}") from None
