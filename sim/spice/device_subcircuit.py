"""The DW-MTJ as a SPICE subcircuit: every number a parameter, the wall the voltage of a node."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwlib.network import Network
from sim.dynamics.kinematic import SPICE_LAW

PARAMETERS = {  # of the subcircuit: field of the network
    "length": "length", "centre": "pillar_centre", "width": "pillar_width", "r_p": "r_p", "r_ap": "r_ap",
    "r_m": "r_m", "mobility": "mobility", "leak": "leak",
}  # fmt: skip
END_TIME = 1e-12  # s: a wall driven against an end by v stands END_TIME·v beyond it (0.05 nm at 50 m/s)
STATE_FARAD = 1e-9  # F: with 1 V for L, 1 A moves the wall by L in 1 ns
_TEXT = """\
* dw_in dw_out    ends of the track; a current from dw_in to dw_out moves the wall toward ON
* mtj_in mtj_out  the pillar
* wall            wall position in units of length: 0 V at dw_in (OFF), 1 V at dw_out (ON)
* moving          carries |velocity| in A per m/s of every wall that is not held by an end of its track
* length centre width  of track, pillar centre (from dw_in), pillar along the track, in m
* r_p r_ap r_m    pillar parallel and antiparallel, track end to end, in ohm
* mobility leak   velocity in m/s = mobility x track current + leak
* t_end           the ends of the track push a wall back with (distance beyond the end)/t_end
* c_state         the wall's capacitor: only a scale, it drops out of the motion
"""
_BODY = """\
Rtrack dw_in dw_out {r_m}
Bpillar mtj_in mtj_out I = V(mtj_in,mtj_out)*
+ (1/{r_ap} + (1/{r_p}-1/{r_ap})*min(max((V(wall)*{length}-{centre}+{width}/2)/{width},0),1))
Cwall wall 0 {c_state}
Bwall 0 wall I = {c_state}*((SPEED)/{length}
+ - (max(V(wall)-1,0)+min(V(wall),0))/{t_end})
Bmoving 0 moving I = max(SPEED,0)*u(1-V(wall))
+ + max(-(SPEED),0)*u(V(wall))
""".replace("SPEED", SPICE_LAW % "V(dw_in,dw_out)/{r_m}")


def kind(network: Network, device: int) -> str:
    """Subcircuit of a device: ``dwmtj_soma`` or ``dwmtj_axon``."""
    return "dwmtj_soma" if network.is_soma[device] else "dwmtj_axon"


def commonest(network: Network) -> dict[str, dict[str, float]]:
    """For each subcircuit the value of each parameter that most of its devices have."""
    defaults: dict[str, dict[str, float]] = {}
    for name, chosen in (("dwmtj_axon", ~network.is_soma), ("dwmtj_soma", network.is_soma)):
        if not chosen.any():
            continue
        defaults[name] = {}
        for parameter, field in PARAMETERS.items():
            values, counts = np.unique(getattr(network, field)[chosen], return_counts=True)
            defaults[name][parameter] = float(values[counts.argmax()])
    return defaults


def subcircuits(network: Network) -> Iterator[str]:
    """Lines of one subcircuit per kind of device; its defaults are what most devices of the kind have."""
    yield from ("* Four-terminal domain-wall magnetic tunnel junction, kinematic wall", *_TEXT.splitlines())
    for name, values in commonest(network).items():
        yield f".subckt {name} dw_in dw_out mtj_in mtj_out wall moving"
        yield "+ " + " ".join(f"{parameter}={value:.17g}" for parameter, value in values.items())
        yield f"+ t_end={END_TIME:g} c_state={STATE_FARAD:g}"
        yield from _BODY.splitlines()
        yield f".ends {name}"


def instance(network: Network, device: int, nodes: list[str], defaults: dict[str, dict[str, float]]) -> str:
    """The line of one device; only parameters that differ from its subcircuit's defaults are given."""
    name = kind(network, device)
    own = {p: float(getattr(network, field)[device]) for p, field in PARAMETERS.items()}
    given = "".join(f" {p}={value:.17g}" for p, value in own.items() if value != defaults[name][p])
    role = name.removeprefix("dwmtj_")
    return f"X{role}_{network.post[device]}_{network.pre[device]} {' '.join(nodes)} {name}{given}"
