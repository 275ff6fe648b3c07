"""The gdsfactory PDK of a process: layers, stack, connectivity, cross-sections, cells and changes of metal."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import gdsfactory as gf
from gdsfactory.technology import LayerLevel, LayerStack, LayerView, LayerViews

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.devices import dw_mtj, dw_track, mtj_pillar
from hwlib.cells.named_tiles import axon, neuron, soma, synapse
from hwlib.cells.passives import WIRES, pad, via_stack
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.route_pieces import landing_width, least_width, straight, wire_corner, wire_step, wire_via
from hwlib.cells.rules import process_key, process_of, rules_of
from hwlib.cells.shortest_track import shortest_track
from hwlib.errors import InputError
from hwlib.process import Process
from layouts.pdk.macro import hopfield_macro

PASSIVES: tuple[Callable[..., gf.Component], ...] = (mtj_pillar, via_stack, pad, wire_step, wire_via)
ACTIVES: tuple[Callable[..., gf.Component], ...] = (dw_track, dw_mtj, axon, soma, synapse, neuron, hopfield_macro)


def make_pdk(process: Process) -> gf.Pdk:
    """The PDK object of a process, not yet active.

    Cells have the process as a setting, so cells of two processes never share a name. Layer names are the process's,
    in capitals; labels of a conductor are on ``<LAYER>_LABEL``. Cross-sections are called ``m2`` and so on, with the
    process before it as ``ebeam_m2`` too, and ``metal_routing`` is the highest metal; their width is the least that the
    rules allow.

    Args:
        process: the process.
    """
    return _make(process_key(process))


def activate(process: Process) -> gf.Pdk:
    """Make the process's PDK the active one; then ``gf.get_component("dw_mtj", track_length=0.2)`` and so on work."""
    pdk = make_pdk(process)
    pdk.activate(force=True)
    return pdk


@lru_cache(maxsize=16)
def _make(key: str) -> gf.Pdk:
    process = process_of(key)
    layers, metals = _layer_map(process), [wire for wire in WIRES if wire in process.layers]
    return gf.Pdk(
        name=key,
        version="1",
        cells=_cells(key, metals),
        layers=layers,
        layer_stack=_layer_stack(process),
        layer_views=_layer_views(process),
        cross_sections=_cross_sections(key, metals),
        layer_transitions=_transitions(key, metals, layers),
        connectivity=[
            (layer.connects[0].upper(), name.upper(), layer.connects[1].upper())
            for name, layer in process.of_kind("via").items()
            if layer.connects
        ],
        dbu=gf.kcl.dbu,
    )


def _cells(key: str, metals: list[str]) -> dict[str, Callable[..., gf.Component]]:
    made: dict[str, Any] = {f.__name__: partial(f, process=key) for f in PASSIVES}
    if metals[-1] != "m5":
        made |= {"pad": partial(pad, process=key, layer=metals[-1])}
    device = DeviceSpec(process=key)
    longer = max(device.track_length, shortest_track(process_of(key)) or 0.0)  # coarse metals: the shortest that fits
    track = {} if longer == device.track_length else {"track_length": round(longer * 1e6, 9)}
    made |= {f.__name__: partial(f, process=key, **track) for f in ACTIVES}
    return made | {"straight": partial(_straight, key), "wire_corner": partial(_wire_corner, key)}


@plain_settings
def _straight(
    key: str, length: float = 10.0, cross_section: Any = None, layer: str = "m3", width: float | None = None,
    process: str | None = None, **_: Any,
) -> gf.Component:  # fmt: skip
    """A straight for a router, which says cross-section and width, or from the settings of one."""
    metal, wide = _metal(key, cross_section, layer, width)
    return straight(process=process or key, layer=metal, length=length, width=wide)


@plain_settings
def _wire_corner(
    key: str, cross_section: Any = None, layer: str = "m3", width: float | None = None, process: str | None = None,
    **_: Any,
) -> gf.Component:  # fmt: skip
    """A corner likewise; routers say a radius as well, which a corner has not."""
    metal, wide = _metal(key, cross_section, layer, width)
    return wire_corner(process=process or key, layer=metal, width=wide)


def _metal(key: str, cross_section: Any, layer: str, width: float | None) -> tuple[str, float]:
    """Metal and width of a cross-section, which may be a name, a function or the thing itself.

    Raises:
        InputError: a cross-section on no metal of the process.
    """
    if cross_section is None:
        return layer, least_width(rules_of(key), layer) if width is None else width
    section = gf.get_cross_section(cross_section, **({} if width is None else {"width": width}))
    number = gf.get_layer_tuple(section.layer)
    for name, metal in process_of(key).of_kind("conductor").items():
        if metal.gds == number:
            return name, section.width
    raise InputError(f"cross-section on layer {number[0]}/{number[1]}, which is no metal of process {key}")


def _cross_sections(key: str, metals: list[str]) -> dict[str, Callable[..., gf.CrossSection]]:
    process, rules = process_of(key), rules_of(key)
    made: dict[str, Any] = {}
    for name, layer in process.of_kind("conductor").items():
        made[name] = made[f"{key}_{name}"] = partial(_wire, layer.gds, least_width(rules, name))
    top = metals[-1]
    made["metal_routing"] = partial(_wire, process.layers[top].gds, landing_width(rules, top))
    return made


def _transitions(key: str, metals: list[str], layers: Any) -> dict[Any, Any]:
    """What routers put where a port has another metal or another width than the route."""
    found: dict[Any, Any] = {layers[x.upper()]: partial(wire_step, process=key, layer=x) for x in metals}
    for k, lower in enumerate(metals):
        for upper in metals[k + 1 :]:
            pair = (layers[lower.upper()], layers[upper.upper()])
            found[pair] = partial(wire_via, process=key, lower=lower, upper=upper)
    return found


def _layer_map(process: Process) -> type[gf.LayerEnum]:
    members: dict[str, Any] = {"layout": gf.constant(gf.kcl.layout)}
    for name, layer in process.layers.items():
        members[name.upper()] = layer.gds
        if layer.label:
            members[f"{name.upper()}_LABEL"] = layer.label
    kind: Any = type(gf.LayerEnum)  # called by hand, because the members are not known when this is written
    space = kind.__prepare__("Layers", (gf.LayerEnum,))
    for name, value in {"__module__": __name__, **members}.items():
        space[name] = value
    made: type[gf.LayerEnum] = kind("Layers", (gf.LayerEnum,), space)
    return made


def _layer_views(process: Process) -> LayerViews:
    """Display properties of the process's layers."""
    views = {}
    for name, layer in process.layers.items():
        views[name.upper()] = LayerView(layer=layer.gds, color=layer.color)
        if layer.label:
            views[f"{name.upper()}_LABEL"] = LayerView(layer=layer.label, color=layer.color)
    return LayerViews(layer_views=views)


def _layer_stack(process: Process) -> LayerStack:
    levels = {
        name: LayerLevel(
            name=name, layer=layer.gds, zmin=layer.bottom * 1e6, thickness=layer.thickness * 1e6, material=layer.kind,
            info={
                "sheet_resistance_ohm": layer.sheet_resistance,
                "contact_resistance_ohm_m2": layer.contact_resistance,
            },
        )
        for name, layer in process.layers.items()
        if layer.thickness > 0
    }  # fmt: skip
    return LayerStack(layers=levels)


def _wire(layer: tuple[int, int], least: float, width: float | None = None, **kwargs: Any) -> gf.CrossSection:
    """Cross-section of a wire; ``width`` in µm, the least when None."""
    return gf.cross_section.cross_section(
        width=least if width is None else width, layer=layer, port_names=("e1", "e2"),
        port_types=("electrical", "electrical"), radius=None, radius_min=None, **kwargs,
    )  # fmt: skip
