"""The extracted network: every wire resistance and device of a layout, as plain arrays.

This is the only thing the simulator knows of a layout. Nets hold nodes, resistors join nodes of one net, devices
join nets. Device arrays have one value per device, so that variation is only other values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from hwlib.dynamics_data import DEFAULT, DynamicsData, law_problem, per_device
from hwlib.errors import InputError, shown
from hwlib.nets import LINE, RAIL, Net, NetClass, of_classes, parse_net
from hwlib.network_checks import check_classes, check_devices, checked_indices, is_array, positive, within

DW_IN, DW_OUT, MTJ_IN, MTJ_OUT = range(4)
TERMINALS = ("DW_IN", "DW_OUT", "MTJ_IN", "MTJ_OUT")

DEVICE_ARRAYS = {  # name: (unit, meaning)
    "area": ("m2", "track cross-section A"),
    "narrowest_area": ("m2", "smallest track cross-section between its contacts"),
    "length": ("m", "track length L between its contacts"),
    "pillar_width": ("m", "pillar size along the track"),
    "pillar_centre": ("m", "pillar centre, from the DW_IN end of the track"),
    "r_p": ("ohm", "pillar resistance, parallel"),
    "r_ap": ("ohm", "pillar resistance, antiparallel"),
    "r_m": ("ohm", "track resistance end to end"),
    "mobility": ("m s-1 A-1", "domain-wall velocity per track current k"),
    "leak": ("m s-1", "leak velocity, positive toward ON"),
    "device_x": ("m", "pillar centre on the layout"),
    "device_y": ("m", "pillar centre on the layout"),
}
_PLACES = ("node_net", "resistor_nodes", "resistor_layer", "pin_node", "terminals", "pre", "post", "coupling_nets")
_POSITIVE = ("area", "narrowest_area", "length", "pillar_width", "pillar_centre", "r_p", "r_ap", "r_m", "mobility")


@dataclass(frozen=True, repr=False)
class Network:
    """Nets, wires and devices of a network of ``neurons`` neurons.

    Devices are sorted by (post, pre): for all-to-all, device ``post·N + pre``; a soma has ``pre == post``.

    Attributes:
        neurons: N.
        net_names: one name per net (see ``hwlib.nets``).
        node_net: net of each node, shape (nodes,).
        node_x, node_y: place of each node in m, NaN where it has none, shape (nodes,).
        resistor_nodes: the two nodes of each wire resistor, shape (resistors, 2).
        resistor_ohm: their resistances in Ω, > 0, shape (resistors,).
        resistor_layer: index into ``layers`` of the part that limits its current, −1 unknown, shape (resistors,).
        resistor_limit: largest allowed current in A, inf when unknown, shape (resistors,).
        layers: layer names.
        pin_node: nodes where sources attach (all pins of a net are held together), shape (pins,).
        terminals: nodes of DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, shape (devices, 4).
        pre, post: neuron whose drive moves the device's track / whose dendrite it feeds, shape (devices,).
        area: track cross-section A in m²; length: of the track between its contacts, L in m; shape (devices,).
        pillar_width, pillar_centre: along the track in m, the centre from its DW_IN end, shape (devices,).
        r_p, r_ap, r_m: pillar parallel and antiparallel, track end to end in Ω, shape (devices,).
        mobility: velocity per track current in m/s/A; leak: velocity in m/s, positive toward ON; shape (devices,).
        device_x, device_y: pillar centres on the layout in m, shape (devices,).
        attrs: provenance (design name, process, versions …), plain strings and numbers.
        net_capacitance: capacitance of each net to ground in F, shape (nets,); empty when not extracted.
        coupling_nets: pairs of nets that couple, shape (couplings, 2).
        coupling_farad: their coupling capacitance in F, shape (couplings,).
        narrowest_area: smallest track cross-section between its contacts in m², shape (devices,); ``area`` when not
            given.
        dynamics: the law that moves the walls, and its parameters.
    """

    neurons: int
    net_names: tuple[str, ...]
    node_net: np.ndarray
    node_x: np.ndarray
    node_y: np.ndarray
    resistor_nodes: np.ndarray
    resistor_ohm: np.ndarray
    resistor_layer: np.ndarray
    resistor_limit: np.ndarray
    layers: tuple[str, ...]
    pin_node: np.ndarray
    terminals: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    area: np.ndarray
    length: np.ndarray
    pillar_width: np.ndarray
    pillar_centre: np.ndarray
    r_p: np.ndarray
    r_ap: np.ndarray
    r_m: np.ndarray
    mobility: np.ndarray
    leak: np.ndarray
    device_x: np.ndarray
    device_y: np.ndarray
    attrs: dict[str, Any] = field(default_factory=dict)
    net_capacitance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    coupling_nets: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    coupling_farad: np.ndarray = field(default_factory=lambda: np.zeros(0))
    narrowest_area: np.ndarray = field(default_factory=lambda: np.zeros(0))
    dynamics: DynamicsData = field(default_factory=DynamicsData)

    def __post_init__(self) -> None:
        if not len(self.narrowest_area):
            object.__setattr__(self, "narrowest_area", self.area)

    def _facts(self) -> dict[str, str]:
        lines = any(net is not None and net.net_class is LINE for net in map(parse_net, self.net_names))
        facts = {
            "neurons": f"{self.neurons}", "devices": f"{self.devices}", "nets": f"{len(self.net_names)}",
            "nodes": f"{self.nodes}", "weights": "lines" if lines else "rails",
            "wire resistors": f"{len(self.resistor_ohm)}" if self.has_wires else "none (ideal)",
        }  # fmt: skip
        if self.has_capacitance:
            facts["capacitances"] = f"{len(self.net_capacitance)} to ground, {len(self.coupling_farad)} between nets"
        if self.dynamics.model != DEFAULT:
            facts["dynamics"] = self.dynamics.model
        return facts | {name: str(self.attrs[name]) for name in ("design", "process") if name in self.attrs}

    def __repr__(self) -> str:
        width = max(map(len, facts := self._facts()))
        return "\n".join(["Network", *(f"  {name:<{width}}  {value}" for name, value in facts.items())])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in self._facts().items())
        return f"<table><caption>Network</caption>{rows}</table>"

    @property
    def devices(self) -> int:
        """Number of devices, somas and axons."""
        return len(self.pre)

    @property
    def nodes(self) -> int:
        """Number of circuit nodes."""
        return len(self.node_net)

    @property
    def is_soma(self) -> np.ndarray:
        """Boolean per device."""
        return self.pre == self.post

    @cached_property
    def somas(self) -> np.ndarray:
        """Device index of each neuron's soma, shape (N,)."""
        index = np.flatnonzero(self.is_soma)
        return index[np.argsort(self.post[index])]

    @property
    def has_wires(self) -> bool:
        """False for an ideal network: one node per net."""
        return len(self.resistor_ohm) > 0

    @property
    def has_capacitance(self) -> bool:
        """Whether capacitances were extracted."""
        return len(self.net_capacitance) > 0

    def nets_of(self, *classes: NetClass) -> np.ndarray:
        """Which nets are of one of some classes, booleans, shape (nets,).

        Raises:
            InputError: something else than a class of nets.
        """
        check_classes(classes)
        return of_classes(self._parsed, *classes)

    def held_nets(self, *classes: NetClass) -> np.ndarray:
        """Nets that sources hold in both phases, and those of the given classes; booleans and errors as ``nets_of``."""
        check_classes(classes)
        return np.array([net.net_class.always_held or net.net_class in classes for net in self._parsed], bool)

    def net_index(self, name: str) -> int:
        """Index of a net by name.

        Raises:
            KeyError: no such net.
            InputError: no text.
        """
        if not isinstance(name, str):
            raise InputError(f"name: {shown(name)}, allowed: the name of a net, as 'dend_0'")
        if name not in self.net_names:
            raise KeyError(name)
        return self.net_names.index(name)

    @cached_property
    def _parsed(self) -> list[Net]:
        parsed = [parse_net(name) for name in self.net_names]
        for name, net in zip(self.net_names, parsed, strict=True):
            if net is None:
                reason = "is not a name of this toolkit (dend_0, drive_0, gnd, w_p1 …)"
                raise InputError(f"network: net {shown(name)} {reason}")
        return [net for net in parsed if net is not None]

    def parsed_nets(self) -> list[Net]:
        """What each net is, in the order of ``net_names``."""
        return list(self._parsed)

    @cached_property
    def weight_nets(self) -> dict[str, int]:
        """Index of each net whose source is a weight, by name."""
        return {name: k for k, name in enumerate(self.net_names) if self._parsed[k].net_class.is_weight}

    def weight_levels(self) -> np.ndarray | None:
        """Programmed multiples of W, shape (N, N), for rails; None when weights come on lines."""
        axons = np.flatnonzero(~self.is_soma)
        nets = [self._parsed[k] for k in self.node_net[self.terminals[axons, MTJ_IN]]]
        if any(net.net_class is not RAIL for net in nets):
            return None
        levels = np.zeros((self.neurons, self.neurons))
        levels[self.post[axons], self.pre[axons]] = [net.level for net in nets]
        return levels

    def with_devices(self, **arrays: np.ndarray) -> Network:
        """A copy with other device parameters (variation): arrays of shape (devices,).

        Tracks of another ``area`` keep their shape: ``narrowest_area`` goes with it unless given. Refused as by
        ``validate``.
        """
        unknown = set(arrays) - set(DEVICE_ARRAYS)
        if unknown:
            raise InputError(f"network: no device parameter {shown(min(unknown))}; allowed: {', '.join(DEVICE_ARRAYS)}")
        shaped: dict[str, Any] = {k: per_device(v, self.devices, k) for k, v in arrays.items()}
        if "area" in shaped:
            shaped.setdefault("narrowest_area", self.narrowest_area * (shaped["area"] / self.area))
        return self._with(**shaped).validate()

    def _with(self, **fields: Any) -> Network:
        """A copy on the same nets: thousands of names are not read again."""
        copy = replace(self, **fields)
        copy.__dict__["_parsed"] = self._parsed
        return copy

    def with_only(self, devices: np.ndarray) -> Network:
        """A copy with some of its devices alone, by their indices; all somas must be among them.

        Raises:
            InputError: no such indices, or a soma that is not among them.
        """
        devices = checked_indices(devices, self.devices)
        if missing := np.setdiff1d(self.somas, devices).tolist():
            raise InputError(f"devices: without device {missing[0]}, a soma; all somas must be among them")
        kept = {name: getattr(self, name)[devices] for name in ("terminals", "pre", "post", *DEVICE_ARRAYS)}
        values = {name: each[devices] for name, each in self.dynamics.values.items()}
        return self._with(**kept, dynamics=DynamicsData(self.dynamics.model, values))

    def without_wires(self) -> Network:
        """A copy with the same devices, every net one node."""
        nets = np.arange(len(self.net_names), dtype=np.int32)
        nowhere, none = np.full(len(nets), np.nan), np.zeros(0)
        return self._with(
            node_net=nets, node_x=nowhere, node_y=nowhere, pin_node=nets, terminals=self.node_net[self.terminals],
            resistor_nodes=np.zeros((0, 2), np.int32), resistor_ohm=none, resistor_layer=np.zeros(0, np.int32),
            resistor_limit=none,
        )  # fmt: skip

    def with_wires(self, ohm: np.ndarray) -> Network:
        """A copy with other resistances of its wires in Ω: one for all, or of each, shape (resistors,)."""
        return self._with(resistor_ohm=per_device(ohm, len(self.resistor_ohm), "resistor_ohm")).validate()

    def with_dynamics(self, model: str, **values: float | np.ndarray) -> Network:
        """A copy whose walls another law moves: its name and parameters, SI numbers or arrays of shape (devices,)."""
        if problem := law_problem(model):
            raise InputError(f"model: {problem}")
        arrays = {k: per_device(v, self.devices, k) for k, v in values.items()}
        return self._with(dynamics=DynamicsData(model, arrays))

    def validate(self) -> Network:
        """Check shapes, ranges and values; return self.

        Raises:
            InputError: naming the first array that is wrong.
        """
        for name, good in self._checks():
            if not good:
                why = "shape, range, or a value that is masked, or not positive and finite"
                raise InputError(f"network: {name} is wrong ({why})")
        check_devices(self.r_p, self.r_ap, self.pillar_centre, self.length)
        self.dynamics.check(self.devices)
        _ = self._parsed
        return self

    def _checks(self) -> Iterator[tuple[str, bool]]:
        """What is asked of each array; later questions count on the answers before them."""
        yield "neurons", isinstance(self.neurons, int)
        yield "net_names", isinstance(self.net_names, tuple)
        for name in (each.name for each in fields(self) if each.type == "np.ndarray"):
            yield name, is_array(getattr(self, name), "iu" if name in _PLACES else "iuf")
        yield "dynamics", isinstance(self.dynamics, DynamicsData)
        yield "node_net", within(self.node_net, len(self.net_names))
        resistors = (len(self.resistor_nodes),)
        yield (
            "resistor_nodes",
            self.resistor_nodes.shape == (*resistors, 2) and within(self.resistor_nodes, self.nodes),
        )
        yield "resistor_ohm", self.resistor_ohm.shape == resistors and positive(self.resistor_ohm)
        yield (
            "resistor_layer",
            self.resistor_layer.shape == resistors and within(self.resistor_layer + 1, len(self.layers) + 1),
        )
        yield "resistor_limit", self.resistor_limit.shape == resistors and bool(np.all(self.resistor_limit > 0))
        yield "pin_node", within(self.pin_node, self.nodes)
        yield "terminals", self.terminals.shape == (self.devices, 4) and within(self.terminals, self.nodes)
        yield "pre", within(self.pre, self.neurons)
        yield "post", self.post.shape == self.pre.shape and within(self.post, self.neurons)
        nets = self.node_net[self.resistor_nodes]
        yield "resistors join one net", bool(np.all(nets[:, 0] == nets[:, 1]))
        count, pairs = len(self.net_names), (len(self.coupling_farad), 2)
        yield "net_capacitance", len(self.net_capacitance) in (0, count) and within(self.net_capacitance, np.inf)
        yield "coupling_nets", self.coupling_nets.shape == pairs and within(self.coupling_nets, count)
        yield "coupling_farad", within(self.coupling_farad, np.inf)
        yield "somas", np.array_equal(np.sort(self.post[self.is_soma]), np.arange(self.neurons))
        for name in _POSITIVE:
            values = getattr(self, name)
            yield name, values.shape == (self.devices,) and positive(values)
        yield "leak", self.leak.shape == (self.devices,) and bool(np.isfinite(self.leak).all())
        yield "narrowest_area", bool(np.all(self.narrowest_area <= self.area * (1 + 1e-6)))
