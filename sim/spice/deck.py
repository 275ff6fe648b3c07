"""Writing a network and a trial on it as SPICE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwlib.errors import InputError
from hwlib.files import write_atomic
from hwlib.network import Network
from sim.protocol import OFF_BELOW, ON_ABOVE, Protocol
from sim.spice.device import DEVICE

_R_ON, _R_OFF = 1e-3, 1e12  # ohm: of the switches between sources and pins
_SWITCHING = 1e-12  # s: from load phase to convergence
_DEVICE_FILE = "dwmtj.sub"
MAX_STEP = 0.2e-9  # s: larger steps let ngspice jump over a pillar


@dataclass(frozen=True)
class Timing:
    """When a deck switches and ends.

    Attributes:
        load: length of the load phase in s, 0 for none.
        stop: end of the transient in s.
        max_step: of the transient in s.
    """

    load: float
    stop: float
    max_step: float = MAX_STEP


def write_deck(network: Network, protocol: Protocol, timing: Timing, folder: str | Path) -> Path:
    """Write ``dwmtj.sub`` (device), ``network.sub`` (subcircuit ``spinhop_network``) and ``bench.cir``.

    The first two can be included anywhere; the bench puts sources on the network, loads, releases and measures.

    Args:
        network: ideal or extracted.
        protocol: voltages, start and initial walls; its load time and limit are replaced by ``timing``.
        timing: when to release and to stop.
        folder: where to write.

    Returns:
        The bench.

    Raises:
        InputError: a protocol that does not fit the network, times out of order, or an unwritable folder.
    """
    if not (0 <= timing.load < timing.stop and timing.max_step > 0):
        raise InputError(f"spice: load {timing.load:g} s must end before stop {timing.stop:g} s, max_step be positive")
    if (timing.load > 0) != (protocol.start is not None):
        raise InputError("spice: a load phase needs a start, and a start a load time")
    folder = Path(folder)
    ports = _ports(network)
    write_atomic(folder / _DEVICE_FILE, lambda p: p.write_text(DEVICE))
    write_atomic(folder / "network.sub", lambda p: p.write_text("\n".join(_network(network, protocol, ports)) + "\n"))
    bench = "\n".join(_bench(network, protocol, timing, ports)) + "\n"
    return write_atomic(folder / "bench.cir", lambda p: p.write_text(bench))


def wall_name(network: Network, device: int) -> str:
    """Node of a wall inside the network subcircuit."""
    return f"q_{network.post[device]}_{network.pre[device]}"


def _node_names(network: Network, ports: dict[int, str]) -> list[str]:
    return [ports.get(k) or f"n{k}_{network.net_names[net]}" for k, net in enumerate(network.node_net)]


def _ports(network: Network) -> dict[int, str]:
    """Name of every pin node that a source can hold; ground is node 0."""
    classes = network.net_class()
    ports: dict[int, str] = {}
    for node in sorted({int(node) for node in network.pin_node}):
        net = int(network.node_net[node])
        if classes[net] == "ground":
            ports[node] = "0"
        elif classes[net] != "drive":
            ports[node] = f"p{node}_{network.net_names[net]}"
    return ports


def _wrapped(words: list[str]) -> Iterator[str]:
    """A statement over several lines."""
    for first in range(0, len(words), 8):
        yield ("+ " if first else "") + " ".join(words[first : first + 8])


def _network(network: Network, protocol: Protocol, ports: dict[int, str]) -> Iterator[str]:
    names = _node_names(network, ports)
    outer = [name for name in ports.values() if name != "0"]
    title = re.sub(r"\s+", " ", str(network.attrs.get("design", "network")))
    yield f"* {title}: {network.neurons} neurons, {network.devices} devices, {len(network.resistor_ohm)} wire resistors"
    yield f".include {_DEVICE_FILE}"
    yield from _wrapped([".subckt", "spinhop_network", *outer, "busy"])
    for k, ((a, b), ohm) in enumerate(zip(network.resistor_nodes, network.resistor_ohm, strict=True)):
        if names[a] != names[b]:
            yield f"R{k} {names[a]} {names[b]} {ohm:.17g}"
    initial = np.zeros(network.devices) if protocol.initial is None else np.asarray(protocol.initial, float)
    for d in range(network.devices):
        ends = " ".join(names[node] for node in network.terminals[d])
        kind = "soma" if network.is_soma[d] else "axon"
        wall = wall_name(network, d)
        yield f"X{kind}_{network.post[d]}_{network.pre[d]} {ends} {wall} busy dwmtj"
        yield (
            f"+ length={network.length[d]:.17g} width={network.pillar_width[d]:.17g} "
            f"centre={network.pillar_centre[d]:.17g} mobility={network.mobility[d]:.17g} leak={network.leak[d]:.17g}"
        )
        yield (
            f"+ r_track={network.r_m[d]:.17g} r_p={network.r_p[d]:.17g} r_ap={network.r_ap[d]:.17g} "
            f"q0={initial[d]:.17g}"
        )
    yield ".ends spinhop_network"


def _bench(network: Network, protocol: Protocol, timing: Timing, ports: dict[int, str]) -> Iterator[str]:
    outer = [name for name in ports.values() if name != "0"]
    yield f"* bench of {network.attrs.get('design', 'a network')}: load, release, convergence"
    yield ".include network.sub"
    yield f".param t_load={timing.load:.17g} t_stop={timing.stop:.17g} v_charge={protocol.v_charge:.17g}"
    yield f".param weight={protocol.weight:.17g} v_dw={protocol.v_dw:.17g}"
    yield f".model closed sw vt=0.5 vh=0 ron={_R_ON:g} roff={_R_OFF:g}"
    if timing.load > 0:
        yield f"Vloading loading 0 PWL(0 1 {{t_load}} 1 {{t_load+{_SWITCHING:g}}} 0)"
        yield f"Vrunning running 0 PWL(0 0 {{t_load}} 0 {{t_load+{_SWITCHING:g}}} 1)"
    else:
        yield "Vloading loading 0 0"
        yield "Vrunning running 0 1"
    yield from _sources(network, protocol, ports)
    yield from _wrapped(["Xnet", *outer, "busy", "spinhop_network"])
    yield "Rbusy busy 0 1"
    yield f".tran {timing.max_step:g} {{t_stop}} 0 {timing.max_step:g} uic"
    yield ".options method=gear reltol=1e-5 abstol=1e-12 vntol=1e-7"
    for neuron, soma in enumerate(network.somas):
        wall = f"v(xnet.{wall_name(network, int(soma))})"
        yield f".meas tran wall_{neuron} find {wall} at={{t_stop}}"
        yield f".meas tran on_{neuron} when {wall}={ON_ABOVE:g} cross=last"
        yield f".meas tran off_{neuron} when {wall}={OFF_BELOW:g} cross=last"
    yield ".meas tran t_rest when v(busy)=0.5 cross=last"
    yield ".end"


def _sources(network: Network, protocol: Protocol, ports: dict[int, str]) -> Iterator[str]:
    """One source per net, a switch to each of its pins; V_DW has no switch."""
    run, load = protocol.net_voltages(network), protocol.load_voltages(network)
    pins: dict[int, list[str]] = {}
    for node, name in ports.items():
        pins.setdefault(int(network.node_net[node]), []).append(name)
    for net, parsed in enumerate(network.parsed_nets()):
        name = network.net_names[net]
        if parsed.net_class == "ground" or net not in pins:
            continue
        if parsed.net_class == "vdw":
            yield f"V{name} s_{name} 0 {{v_dw}}"
            yield from (f"Rpin_{pin} s_{name} {pin} {_R_ON:g}" for pin in pins[net])
        elif parsed.net_class == "dendrite":
            if not np.isfinite(load[net]):
                continue
            sign = "v_charge" if load[net] > 0 else "-v_charge"
            yield f"V{name} s_{name} 0 {{{sign}}}"
            yield from (f"Sload_{pin} s_{name} {pin} loading 0 closed" for pin in pins[net])
        elif parsed.net_class in ("rail", "line"):
            level = run[net] / protocol.weight if protocol.weight else 0.0
            yield f"V{name} s_{name} 0 {{{level:.17g}*weight}}"
            yield from (f"Srun_{pin} s_{name} {pin} running 0 closed" for pin in pins[net])
