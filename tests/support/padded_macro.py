"""A macro within a chip: wires that gdsfactory's routers lay from every pin to a pad that is labelled."""

from __future__ import annotations

from collections import defaultdict

import gdsfactory as gf

from hwlib.process import Process
from layouts.pdk.gdsfactory_pdk import activate

BEARING = {180: (-1, 0), 90: (0, 1), 270: (0, -1), 0: (1, 0)}  # of a pin: where its pad lies
FACING = {180: "E", 90: "S", 270: "N", 0: "W"}  # the pad's port for it
PAD, APART, AWAY = 2.0, 4.0, 25.0  # µm: a pad's edge, from pad to pad, from the macro's border
STRAIGHT = 16.0  # µm that routes go on before they spread, so that those of two sides do not cross


def padded_macro(
    process: Process, *, separation: float, cross_section: str | None = None, layer: str = "m5", scale: float = 1.0,
    **settings,
) -> tuple[gf.Component, dict[str, list]]:  # fmt: skip
    """A chip of one macro without labels, and the routes to its pads by net.

    A route has the cross-section, or that of its pin's metal, and changes to the pad's metal at the pad. Pins in the
    west, north and south are routed as bundles, those in the east one by one. Sizes of the module's constants are
    multiplied by ``scale``.
    """
    activate(process)
    chip = gf.Component()
    macro = chip.add_ref(gf.get_component("hopfield_macro", labels=False, **settings))
    sides = defaultdict(list)
    for port in macro.ports:
        sides[int(port.orientation)].append(port)
    pads, routes = {}, defaultdict(list)
    for angle, ports in sides.items():
        (dx, dy), along = BEARING[angle], 1 if angle in (0, 180) else 0
        ports.sort(key=lambda port: port.center[along])
        middle = ports[len(ports) // 2].center
        for k, port in enumerate(ports):
            net = port.name.removesuffix("_west").removesuffix("_east").removesuffix("_south").removesuffix("_north")
            pad = chip.add_ref(gf.get_component("pad", layer=layer, size=PAD * scale, net=net))
            shift = (k - len(ports) // 2) * APART * scale
            x, y = middle
            pad.move((x + dx * AWAY * scale + (not along) * shift, y + dy * AWAY * scale + along * shift))
            pads[port.name] = pad.ports[FACING[angle]]
        ends = [pads[port.name] for port in ports]
        section = cross_section or gf.get_layer_name(ports[0].layer).lower()
        if angle == 0:
            made = [
                gf.routing.route_single(chip, a, b, cross_section=section, bend="wire_corner", port_type="electrical")
                for a, b in zip(ports, ends, strict=True)
            ]
        else:
            made = gf.routing.route_bundle_electrical(
                chip,
                ports,
                ends,
                cross_section=section,
                separation=separation,
                start_straight_length=STRAIGHT * scale,
                raise_on_error=True,
            )
        for port, route in zip(ports, made, strict=True):
            routes[port.name].append(route)
    return chip, routes
