"""Writing a network, and a trial on it, as SPICE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwlib.errors import InputError
from hwlib.nets import Net, Source, in_comment, in_spice
from hwlib.network import Network
from hwlib.writing import write_atomic
from sim.circuit import joined_pins
from sim.dynamics import Kinematic
from sim.protocol import OFF_BELOW, ON_ABOVE, Protocol
from sim.spice import device_subcircuit
from sim.spice.ngspice import check_deck_name

R_ON, R_OFF = 1e-5, 1e12  # ohm: of the switches between sources and pins
SWITCHING = 1e-13  # s: from load phase to convergence
LONGEST_STEP = 0.2e-9  # s: with longer ones ngspice jumps over pillars
_STEP_SHARE = 0.1  # of L: the farthest a wall goes in a step
_PER_LINE = 8
SUBCIRCUIT = "spinhop_network"
MOST_PORTS = 1000  # of a subcircuit in ngspice (39: "N_GLOBAL_NODES overflow" beyond 1005)


@dataclass(frozen=True)
class Deck:
    """A written deck.

    Attributes:
        bench: sources, switches, transient and measures; the file to run.
        network: devices, wires and the subcircuit ``spinhop_network``; included by the bench. With more than 1000
            nets that have pins, more than ngspice lets a subcircuit have, devices and wires stand on the top level.
        load_time: s from the start to the release, 0 without a load phase.
        stop_time: s from the start to the end of the transient.
        max_step: s, longest time step.
    """

    bench: Path
    network: Path
    load_time: float
    stop_time: float
    max_step: float


def write_deck(
    network: Network, protocol: Protocol, path: str | Path, *, load_time: float | None = None,
    duration: float | None = None, max_step: float | None = None,
) -> Deck:  # fmt: skip
    """Write a trial as an ngspice bench, and beside it the network as a subcircuit that any deck can include.

    The bench loads through switches, releases at a fixed time, and measures when each soma is read as ON or OFF and
    when the last wall came to rest. SPICE cannot end a phase by a condition, so a load "until rest" needs its time.

    Args:
        network: ideal or extracted; capacitances are left out, as in the engines.
        protocol: the trial.
        path: the bench; the network is ``<stem>_network.inc`` beside it.
        load_time: of the load phase in s, for protocols that load until rest.
        duration: of the convergence phase in s; default the protocol's time limit.
        max_step: longest time step in s; default 0.2 ns, or less when a wall could go farther than 0.1 L in it.

    Raises:
        InputError: no load time is known, a time is not positive, the walls are not kinematic, or the file cannot be
            written or has a name that ngspice could misread.
    """
    refuse_other_dynamics(network.dynamics.model, noise=protocol.noise is not None)
    bench = Path(path)
    check_deck_name(bench)
    load = _load_time(protocol, load_time)
    span = protocol.time_limit if duration is None else duration
    step = _step(network, protocol) if max_step is None else max_step
    for name, value in (("duration", span), ("max_step", step)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"spice: {name} is {value:g} s, must be positive and finite")
    deck = Deck(bench, bench.with_name(f"{bench.stem}_network.inc"), load, load + span, step)
    names = Names(network)
    _write(deck.network, _network_lines(network, names))
    _write(deck.bench, _bench_lines(network, protocol, deck, names))
    return deck


def refuse_other_dynamics(model: str, *, noise: bool = False) -> None:
    """Decks have kinematic walls without noise.

    Raises:
        InputError: the walls follow another law, or have a temperature.
    """
    if model != Kinematic.name:
        raise InputError(f"spice: walls in decks are {Kinematic.name}, the network's are {model}; use engine reference")
    if noise:
        raise InputError("spice: walls in decks have no noise; leave operating_point.temperature out")


class Names:
    """Names of the circuit's nodes; all pins of a net are one node, called like the net.

    Attributes:
        node: name of each network node inside the subcircuit, length nodes.
        ports: nets with pins, in the subcircuit's order; the ground net is called ``ground`` (``gnd`` is node 0).
        walls: node of each device's wall inside the subcircuit, length devices.
        wrapped: the network is a subcircuit.
    """

    def __init__(self, network: Network):
        circuit_node, _ = joined_pins(network)
        port_of: dict[int, str] = {}
        self.net_port: dict[int, str] = {}
        for node in network.pin_node.tolist():
            net = int(network.node_net[node])
            port_of[int(circuit_node[node])] = self.net_port[net] = in_spice(network.net_names[net])
        self.ports = list(self.net_port.values())
        self._port_set = set(self.ports)
        self.node = [
            port_of.get(int(joined), f"{in_spice(network.net_names[net])}_n{joined}")
            for joined, net in zip(circuit_node, network.node_net, strict=True)
        ]
        self.walls = [f"wall_{i}_{j}" for i, j in zip(network.post.tolist(), network.pre.tolist(), strict=True)]
        self.wrapped = len(self.ports) + 1 <= MOST_PORTS

    def vector(self, name: str) -> str:
        """The voltage of a node of the network as the bench calls it."""
        return f"v({'xnet.' if self.wrapped and name not in self._port_set else ''}{name})"


def _load_time(protocol: Protocol, given: float | None) -> float:
    if protocol.start is None:
        return 0.0
    load = given if protocol.load == "rest" else float(protocol.load)
    if load is None:
        raise InputError("spice: the load phase lasts until rest; give its time (load_time), for example of a run")
    if not (np.isfinite(load) and load > 0):
        raise InputError(f"spice: load_time is {load:g} s, must be positive and finite")
    return load


def _step(network: Network, protocol: Protocol) -> float:
    """Longest step in which no wall driven by V_C or a weight goes farther than 0.1 L."""
    weights = np.abs(protocol.axon_weights(network)[~network.is_soma]).max(initial=0.0)
    volts = max(abs(protocol.v_charge) if protocol.start is not None else 0.0, weights)
    fastest = Kinematic(network).fastest(volts / network.r_m) / network.length
    return float(min(LONGEST_STEP, _STEP_SHARE / fastest.max()))


def _write(path: Path, lines: Iterable[str]) -> None:
    def write(target: Path) -> None:
        with target.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)

    write_atomic(path, write)


def _wrapped(words: list[str]) -> Iterator[str]:
    for first in range(0, len(words), _PER_LINE):
        yield ("+ " if first else "") + " ".join(words[first : first + _PER_LINE])


def _title(network: Network) -> str:
    return in_comment(network.attrs.get("design", "network"))


def _network_lines(network: Network, names: Names) -> Iterator[str]:
    wires = len(network.resistor_ohm)
    yield f"* {_title(network)}: {network.neurons} neurons, {network.devices} devices, {wires} wires"
    yield from device_subcircuit.subcircuits(network)
    if names.wrapped:
        yield "* The network: the pins of its nets, then the sum of all walls' |velocity|"
        yield from _wrapped([".subckt", SUBCIRCUIT, *names.ports, "moving"])
    for k, ((a, b), ohm) in enumerate(zip(network.resistor_nodes.tolist(), network.resistor_ohm.tolist(), strict=True)):
        if names.node[a] != names.node[b]:
            yield f"R{k} {names.node[a]} {names.node[b]} {ohm:.17g}"
    defaults = device_subcircuit.commonest(network)
    for d, ends in enumerate(network.terminals.tolist()):
        nodes = [*(names.node[node] for node in ends), names.walls[d], "moving"]
        yield device_subcircuit.instance(network, d, nodes, defaults)
    if names.wrapped:
        yield f".ends {SUBCIRCUIT}"


def _bench_lines(network: Network, protocol: Protocol, deck: Deck, names: Names) -> Iterator[str]:
    phases = "load, release, convergence" if deck.load_time else "convergence"
    yield f"* {_title(network)}: {phases} (ngspice -b {deck.bench.name})"
    yield f".include {deck.network.name}"
    yield f".param t_load={deck.load_time:.17g} t_stop={deck.stop_time:.17g} t_step={deck.max_step:.17g}"
    yield f".param v_charge={protocol.v_charge:.17g} v_dw={protocol.v_dw:.17g} weight={protocol.weight:.17g}"
    yield f".model source_switch sw vt=0.5 vh=0 ron={R_ON:g} roff={R_OFF:g}"
    if deck.load_time:
        yield f"Vloading loading 0 PWL(0 1 {{t_load}} 1 {{t_load+{SWITCHING:g}}} 0)"
        yield f"Vreleased released 0 PWL(0 0 {{t_load}} 0 {{t_load+{SWITCHING:g}}} 1)"
    else:
        yield "Vloading loading 0 0"
        yield "Vreleased released 0 1"
    yield from _sources(network, protocol, names, deck.load_time > 0)
    if names.wrapped:
        yield from _wrapped(["Xnet", *names.ports, "moving", SUBCIRCUIT])
    yield "Rmoving moving 0 1"
    share = np.zeros(network.devices) if protocol.initial is None else np.asarray(protocol.initial, float)
    yield "* Walls at the beginning, in units of L"
    yield from _wrapped(
        [".ic", *(f"{names.vector(wall)}={x:.17g}" for wall, x in zip(names.walls, share, strict=True))]
    )
    yield ".options method=gear maxord=2 reltol=1e-5 abstol=1e-10 vntol=1e-9 trtol=1 itl4=100"
    yield ".tran {t_step} {t_stop} 0 {t_step}"
    yield "* Times: when somas were last read as changed, and when the last wall came to rest"
    for neuron, soma in enumerate(network.somas.tolist()):
        wall = names.vector(names.walls[soma])
        yield f".meas tran t_on_{neuron} when {wall}={ON_ABOVE:g} cross=last"
        yield f".meas tran t_off_{neuron} when {wall}={OFF_BELOW:g} cross=last"
    yield f".meas tran t_rest when v(moving)={protocol.rest_speed(network).min():g} fall=last"
    yield ".end"


def _sources(network: Network, protocol: Protocol, names: Names, loading: bool) -> Iterator[str]:
    """Each net's source (``hwlib.nets``), through a switch where it holds the net in one phase only.

    Where two hold it one after the other (weights that are at 0 V while loading), one source steps at the release.
    """
    protocol.net_voltages(network)  # refuses levels that do not fit
    for net, parsed in enumerate(network.parsed_nets()):
        port, net_class = names.net_port.get(net), parsed.net_class
        if port is None:
            continue
        before, after = (_volts(each, parsed, protocol) for each in (net_class.loading, net_class.converging))
        if net_class.always_held:
            yield f"V{port} {port} 0 {after}"
        elif before is not None and after is not None and loading:
            yield f"V{port} {port} 0 PWL(0 {before} {{t_load}} {before} {{t_load+{SWITCHING:g}}} {after})"
        elif after is not None:
            yield f"V{port} source_{port} 0 {after}"
            yield f"S{port} source_{port} {port} released 0 source_switch"
        elif before is not None:
            yield f"V{port} source_{port} 0 {before}"
            yield f"S{port} source_{port} {port} loading 0 source_switch"


def _volts(source: Source | None, net: Net, protocol: Protocol) -> str | None:
    """A source's voltage by the deck's parameters, so that they can be changed in it; None: open."""
    factor = None if source is None else source.factor(net, protocol)
    if source is None or factor is None:
        return None
    if source.voltage is None:
        return "0"
    return f"{{{source.voltage}}}" if factor == 1 else f"{{{factor:.17g}*{source.voltage}}}"
