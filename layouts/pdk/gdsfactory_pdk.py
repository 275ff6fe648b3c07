"""The gdsfactory PDK of a process: layers, stack, connectivity, cross-sections and cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import gdsfactory as gf
from gdsfactory.technology import LayerLevel, LayerStack

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.devices import dw_mtj, dw_track, mtj_pillar
from hwlib.cells.passives import pad, via_stack
from hwlib.cells.rules import process_key, process_of
from hwlib.cells.shortest_track import shortest_track
from hwlib.cells.tile_dimensions import TileSpec
from hwlib.cells.tiles import axon, neuron, soma, synapse
from hwlib.technology import layer_views
from hwlib.process import Process


def make_pdk(process: Process) -> gf.Pdk:
    """The PDK object of a process, not yet active.

    Cells have the process as a setting, so cells of two processes never share a name. Layer names are the process's,
    in capitals; labels of a conductor are on ``<LAYER>_LABEL``; cross-sections are called ``ebeam_m2`` and so on,
    because gdsfactory remembers what it built by the cross-section's name alone.

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
    return gf.Pdk(
        name=key,
        version="1",
        cells=_cells(key),
        layers=_layer_map(process),
        layer_stack=_layer_stack(process),
        layer_views=layer_views(process),
        cross_sections={
            f"{key}_{name}": partial(_wire, process.layers[name].gds, process.layers[name].min_width or 0.0)
            for name in process.of_kind("conductor")
        },
        connectivity=[
            (layer.connects[0].upper(), name.upper(), layer.connects[1].upper())
            for name, layer in process.of_kind("via").items()
            if layer.connects
        ],
        dbu=gf.kcl.dbu,
    )


def _cells(key: str) -> dict[str, Callable[..., gf.Component]]:
    plain: dict[str, Any] = {f.__name__: partial(f, process=key) for f in (mtj_pillar, via_stack, pad)}
    device = DeviceSpec(process=key)
    longer = max(device.track_length, shortest_track(process_of(key)) or 0.0)  # coarse metals: the shortest that fits
    track = {} if longer == device.track_length else {"track_length": round(longer * 1e6, 9)}
    plain |= {f.__name__: partial(f, process=key, **track) for f in (dw_track, dw_mtj)}
    tile = TileSpec(device=replace(device, track_length=longer))
    return plain | {f.__name__: partial(f, tile=tile) for f in (axon, soma, synapse, neuron)}


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
    """Cross-section of a wire; ``width`` in µm, the layer's minimum when None."""
    wide = least * 1e6 if width is None else width
    return gf.cross_section.cross_section(
        width=wide, layer=layer, port_names=("e1", "e2"), port_types=("electrical", "electrical"), radius=None,
        radius_min=None, **kwargs,
    )  # fmt: skip
