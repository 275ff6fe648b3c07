"""Random networks and trials for comparing engines: devices, wires, weights, sources, starts."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hwlib.design import Design
from hwlib.nets import GROUND, RAIL, V_DW
from hwlib.network import Network
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian, weight_levels
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design

SHAPES = ("point", "star", "chain", "ladder", "mesh", "resistor")


def paper_trial(neurons: int, ohm: float, seed: int, **changes: Any) -> tuple[Network, Protocol]:
    """The paper's design as ladders of so many Ω a cell, and a trial from random bits."""
    design = paper_design(neurons)
    process = design.load_process()
    start = np.random.default_rng(seed).integers(0, 2, neurons)
    protocol = protocol_for(design, process, start=start, levels=weight_levels(design), **changes)
    return ladder_network(design, process, ohm), protocol


def wired(ideal: Network, rng: np.random.Generator, ohm: float, shapes: dict[str, str]) -> Network:  # noqa: C901
    """The ideal network with wires drawn into every net, in a shape per class of net; two pins on shared nets.

    point: no wires; star: each terminal on its own wire; chain: one after the other; ladder: a chain of taps with a
    stub each; mesh: a ladder with chords; resistor: one node behind a single resistor.
    """
    node_net, resistors, ohms, pins = [], [], [], []
    terminals = np.full_like(ideal.terminals, -1)

    def node(net):
        node_net.append(net)
        return len(node_net) - 1

    def join(a, b):
        resistors.append((a, b))
        ohms.append(ohm * rng.uniform(0.2, 3.0))

    parsed = ideal.parsed_nets()
    for net, name in enumerate(parsed):
        shape = shapes[name.net_class.name]
        at = [tuple(x) for x in np.argwhere(ideal.terminals == net)]
        hub = node(net)
        taps = [hub]
        for place in at:
            if shape in ("ladder", "mesh"):
                taps.append(node(net))
                join(taps[-2], taps[-1])
            if shape in ("point", "resistor"):
                terminals[place] = hub
                continue
            terminals[place] = node(net)
            join(terminals[place], taps[-1])
            if shape == "chain":
                taps.append(terminals[place])
        if shape == "mesh":
            for _ in range(len(taps) // 2):
                a, b = rng.choice(taps, 2)
                if a != b:
                    join(a, b)
        pin = hub
        if shape == "resistor":
            pin = node(net)
            join(pin, hub)
        pins.append(pin)
        if name.net_class in (GROUND, V_DW, RAIL) and len(taps) > 2:
            pins.append(taps[-1])
    count = len(resistors)
    return replace(
        ideal, node_net=np.array(node_net), node_x=np.full(len(node_net), np.nan),
        node_y=np.full(len(node_net), np.nan), resistor_nodes=np.array(resistors, int).reshape(-1, 2),
        resistor_ohm=np.array(ohms), resistor_layer=np.full(count, -1), resistor_limit=np.full(count, np.inf),
        pin_node=np.array(pins), terminals=terminals,
    ).validate()  # fmt: skip


def plans(most_neurons: int) -> st.SearchStrategy[dict]:
    """What is drawn of a trial by hypothesis; everything continuous follows from ``seed``."""
    return st.fixed_dictionaries({
        "neurons": st.integers(2, most_neurons), "style": st.sampled_from(["lines", "rails"]),
        "seed": st.integers(0, 2**32 - 1), "levels": st.sampled_from(["hebbian", "tie", "few", "any"]),
        "devices": st.sampled_from(["paper", "random", "varied"]),
        "load": st.sampled_from(["rest", "timed", "none"]), "rails": st.sampled_from(["floating", "grounded"]),
        "walls": st.booleans(),
        "limit": st.floats(5e-9, 150e-9),
    })  # fmt: skip


def wire_plans(most_neurons: int) -> st.SearchStrategy[dict]:
    """The same with wires: their resistance as a power of ten, and a shape for every class of net."""
    classes = ("dendrite", "drive", "ground", "vdw", "rail", "line")
    wires = st.fixed_dictionaries({
        "ohm": st.floats(-3, 3), "shapes": st.fixed_dictionaries({each: st.sampled_from(SHAPES) for each in classes}),
    })  # fmt: skip
    return st.tuples(plans(most_neurons), wires).map(lambda both: both[0] | both[1])


def trial(plan: dict) -> tuple[Network, Protocol]:
    """The network, wired when the plan has wires, and the trial of a plan."""
    rng = np.random.default_rng(plan["seed"])
    n = plan["neurons"]
    levels = _levels(plan, rng)
    design = _design(plan, rng, levels)
    process = design.load_process()
    network = ideal_network(design, process)
    if "ohm" in plan:
        network = wired(network, rng, 10 ** plan["ohm"], plan["shapes"])
    network = _devices(plan, rng, network)
    changes = {"levels": levels if plan["style"] == "lines" else None}
    if plan["load"] != "none":
        changes["start"] = _tie_start(n) if plan["levels"] == "tie" else rng.integers(0, 2, n)
    if plan["walls"]:
        changes["initial"] = _walls(plan, rng, network)
    return network, protocol_for(design, process, **changes)


def _levels(plan: dict, rng: np.random.Generator) -> np.ndarray:
    """Multiples of W; a tie stores a balanced pattern and starts orthogonal to it, so that drives cancel exactly."""
    n = plan["neurons"]
    levels = {
        "hebbian": lambda: hebbian(rng.integers(0, 2, (rng.integers(1, 4), n))),
        "tie": lambda: hebbian((np.arange(n) < n // 2).astype(int)[None]),
        "few": lambda: rng.integers(-2, 3, (n, n)).astype(float),
        "any": lambda: np.round(rng.uniform(-2, 2, (n, n)), 3),
    }["few" if plan["levels"] == "any" and plan["style"] == "rails" else plan["levels"]]()  # a rail for every level
    np.fill_diagonal(levels, 0.0)
    return levels


def _tie_start(n: int) -> np.ndarray:
    return np.arange(n) % 2


def _design(plan: dict, rng: np.random.Generator, levels: np.ndarray) -> Design:
    paper = plan["devices"] == "paper"
    width = 0.2 if paper else rng.uniform(0.03, 0.6)
    # Every fourth pillar reaches an end of the track: a wall at rest then stands under its edge.
    place = 0.5 if paper else rng.choice([rng.uniform(width / 2, 1 - width / 2), width / 2 + (1 - width) * 0.5,
                                          width / 2, 1 - width / 2], p=[0.5, 0.25, 0.125, 0.125])  # fmt: skip
    length = 100e-9 if paper else rng.uniform(50e-9, 300e-9)
    r_p = 500.0 if paper else 10 ** rng.uniform(2, 3.7)
    point = {} if paper else {
        "axon_leak": -rng.uniform(1, 10), "soma_leak": rng.uniform(-1, 1), "v_charge": rng.uniform(0.03, 0.3),
        "weight": rng.uniform(0.02, 0.3),
    }  # fmt: skip
    return Design.model_validate({
        "name": "random",
        "device": {
            "track_length": length, "pillar_width": width * length, "pillar_position": place, "r_parallel": r_p,
            "r_antiparallel": r_p * (4.0 if paper else rng.uniform(1.2, 6)),
            "track_resistance": 2000.0 if paper else 10 ** rng.uniform(2.3, 3.7),
        },
        "network": {
            "neurons": plan["neurons"], "weights": {"matrix": levels.tolist()}, "weight_style": plan["style"],
        },
        "operating_point": point | {
            "load": rng.uniform(2e-9, 30e-9) if plan["load"] == "timed" else "rest",
            "rails_while_loading": plan.get("rails", "floating"),
        },
        "task": {"time_limit": plan["limit"] if plan["load"] != "rest" else max(plan["limit"], 80e-9)},
    })  # fmt: skip


def _devices(plan: dict, rng: np.random.Generator, network: Network) -> Network:
    """Devices that differ: axons of one neuron alike in a network without wires, as the ideal engine needs."""
    if plan["devices"] != "varied":
        return network
    own = np.arange(network.devices)
    if "ohm" not in plan:
        own = np.where(network.is_soma, network.post, network.neurons + network.pre)
    spread = {
        name: getattr(network, name) * rng.normal(1, 0.05, own.max() + 1).clip(0.7, 1.3)[own]
        for name in ("r_p", "r_ap", "mobility", "leak", "pillar_width", "length")
    }
    if "ohm" in plan:
        spread["r_m"] = network.r_m * rng.normal(1, 0.05, network.devices).clip(0.7, 1.3)
    half = spread["pillar_width"] / 2
    inside = network.pillar_centre.clip(half, spread["length"] - half)  # no pillar is off its track
    return network.with_devices(**spread, pillar_centre=inside)


def _walls(plan: dict, rng: np.random.Generator, network: Network) -> np.ndarray:
    """Walls anywhere, some exactly at the ends, some exactly at the edges of their pillars."""
    walls = rng.uniform(0, 1, network.devices)
    kind = rng.integers(0, 8, network.devices)
    edges = (network.pillar_centre + np.array([[-0.5], [0.5]]) * network.pillar_width) / network.length
    walls = np.select([kind == 0, kind == 1, kind == 2, kind == 3], [0.0, 1.0, *edges.clip(0, 1)], walls)
    if "ohm" not in plan:
        own = np.where(network.is_soma, network.post, network.neurons + network.pre)
        _, first, which = np.unique(own, return_index=True, return_inverse=True)
        walls = walls[first][which]
    return walls
