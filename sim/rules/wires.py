"""Rules on the wires: voltage lost along them, and their RC time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hwlib.nets import LINE, RAIL
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, Network
from hwlib.quantities import in_percent, printed
from sim.rules.cases import Cases
from sim.rules.outcome import Outcome, above, below, first_largest
from sim.rules.statics import Solution

IR_SOURCE = "Kirchhoff's laws on the extracted wires; limit: the 5 to 10 % of usual sign-off"


class _Volts(NamedTuple):
    """One state: voltages at the devices' terminals, shape (devices, 4), and what drops are compared with, in V."""

    network: Network
    at: np.ndarray
    feed: np.ndarray  # where the neuron's soma pillar feeds the drive, shape (devices,)
    weight: np.ndarray  # of the sources, shape (devices,)
    largest_weight: float
    v_dw: float

    @property
    def soma(self) -> np.ndarray:
        """Voltages at the terminals of each neuron's soma, shape (N, 4)."""
        return self.at[self.network.somas]


class _Drop(NamedTuple):
    """What the wires of one kind lose, relative to the voltage that it takes from."""

    formula: str
    at_axons: Callable[[_Volts], np.ndarray] | None = None  # at every device; None: judged at somas alone
    at_somas: Callable[[_Volts], np.ndarray] | None = None
    of_weights: bool = False  # a share of |W|max: not judged where all weights are 0


IR_DROPS = {
    "dendrite": _Drop(
        "max |V(tap) − V(soma tap)| / |W|max",
        lambda v: np.abs(v.at[:, MTJ_OUT] - v.soma[v.network.post, DW_IN]) / v.largest_weight, of_weights=True,
    ),
    "drive": _Drop(
        "max (V(feed) − V(tap)) / V(feed)",
        lambda v: np.abs(v.soma[v.network.pre, MTJ_OUT] - v.at[:, DW_IN]) / v.feed,
    ),
    "ground": _Drop("max |V(ground tap)| / V(drive feed)", lambda v: np.abs(v.at[:, DW_OUT]) / v.feed),
    "weight": _Drop(
        "max |V(tap) − V(source)| / |W|max", lambda v: np.abs(v.at[:, MTJ_IN] - v.weight) / v.largest_weight,
        of_weights=True,
    ),
    "vdw": _Drop(
        "max (V_DW − V(soma pillar)) / V_DW", at_somas=lambda v: np.abs(v.v_dw - v.at[:, MTJ_IN]) / v.v_dw
    ),
}  # fmt: skip


def ir_drops(cases: Cases) -> list[Outcome]:
    """How much voltage do the wires take? One outcome per kind of wire, relative to the voltage it takes from.

    Drive and ground drops are compared with the voltage at the drive's feed, which is what moves the axons. A warning:
    what decides is the V_DW window.
    """
    if not cases.network.has_wires:
        return []
    states = {name: _volts(cases, solution) for name, solution in cases.run_states.items()}
    return [_ir_drop(cases, states, kind, drop) for kind, drop in _judged(cases).items()]


def _judged(cases: Cases) -> dict[str, _Drop]:
    return {kind: drop for kind, drop in IR_DROPS.items() if cases.largest_weight > 0 or not drop.of_weights}


def _volts(cases: Cases, solution: Solution) -> _Volts:
    network = cases.network
    at = solution.voltage[network.terminals]
    feed = np.maximum(np.abs(at[network.somas, MTJ_OUT]), 1e-30)[network.pre]
    return _Volts(network, at, feed, cases.weight, cases.largest_weight, cases.protocol.v_dw)


def drops_at_devices(cases: Cases) -> dict[str, np.ndarray]:
    """What the wires of each kind take at every device: the most over the states that ``ir_drops`` judges.

    Returns:
        Share of the voltage they take it from, by kind of wires, shape (devices,); NaN at devices where none of that
        kind ends. Its largest value is what rule ``ir.<kind>`` measures. Empty for ideal wires.
    """
    if not cases.network.has_wires:
        return {}
    states, soma = {name: _volts(cases, solution) for name, solution in cases.run_states.items()}, cases.network.is_soma
    return {
        kind: np.where(
            np.where(soma, drop.at_somas is not None, drop.at_axons is not None),
            np.max(list(_drops(cases, states, drop).values()), axis=0), np.nan,
        ) for kind, drop in _judged(cases).items()
    }  # fmt: skip


def _drops(cases: Cases, states: dict[str, _Volts], drop: _Drop) -> dict[str, np.ndarray]:
    """One kind's drops at every device in each state, 0 where none of that kind ends, shape (devices,)."""
    soma = cases.network.is_soma
    return {
        name: np.where(soma, drop.at_somas(v) if drop.at_somas else 0, drop.at_axons(v) if drop.at_axons else 0)
        for name, v in states.items()
    }


def _ir_drop(cases: Cases, states: dict[str, _Volts], kind: str, drop: _Drop) -> Outcome:
    drops = _drops(cases, states, drop)
    state, device, value = cases.worst(drops)
    place, limit = cases.device_place(device), cases.limits.ir_drop
    decimals = 2 if abs(value - limit) >= 1e-4 else 6
    return Outcome(
        rule=f"ir.{kind}",
        message=f"{kind} wires lose {in_percent(value, decimals)} of their voltage at {place.name}, "
        f"allowed {in_percent(limit)}",
        margin=below(value, limit), severity="warning", formula=drop.formula, source=IR_SOURCE,
        measured=value, required=limit, unit="1", place=place, state=state,
    )  # fmt: skip


def rc_time(cases: Cases) -> Outcome | None:
    """Is the circuit quasi-static? RC time of every node against the fastest wall transit; None without capacitances.

    Elmore time ``τ_n = Σ_k R_nk·C_k`` (J. Appl. Phys. 19, 55 (1948)) at every node, all drivers and loads included, in
    the state of the largest resistances (all pillars AP). Coupling capacitance counts twice (Miller bound); a net's
    capacitance is spread evenly over its nodes. Wall transit: ``L/max|k·I|`` over all bounding states. Barrier
    capacitance is not in the process data and not included.
    """
    network = cases.network
    if not network.has_capacitance:
        return None
    farad = network.net_capacitance.copy()
    for side in (0, 1):
        np.add.at(farad, network.coupling_nets[:, side], 2 * network.coupling_farad)
    per_node = (farad / np.maximum(np.bincount(network.node_net, minlength=len(farad)), 1))[network.node_net]
    circuit = cases.circuits.at(cases.parallel(False, "none"), cases.held(LINE, RAIL))
    elmore = circuit.response(per_node)
    node = first_largest(elmore)
    speed = {name: np.abs(network.mobility * s.track_current) / network.length for name, s in cases.states.items()}
    _, fastest, rate = cases.worst(speed)
    transit = 1 / rate
    limit = cases.limits.rc_fraction * transit
    place, tau = cases.node_place(node), float(elmore[node])
    return Outcome(
        rule="rc.time",
        message=f"{place.name} settles in {tau * 1e12:.4g} ps, allowed {limit * 1e12:.4g} ps ("
        f"{in_percent(cases.limits.rc_fraction)} of the fastest wall transit, {printed(transit, 's')} in "
        f"{cases.device_place(fastest).name})",
        margin=above(limit, tau), severity="warning", formula="Σ R_nk·C_k < fraction × L/max|k·I|",
        source="Elmore, J. Appl. Phys. 19, 55 (1948); extracted capacitances, coupling twice (Miller)",
        measured=tau, required=limit, unit="s", place=place, state="somas AP, all axons OFF",
    )  # fmt: skip
