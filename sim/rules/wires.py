"""Rules on the wires: voltage lost along them, and their RC time."""

from __future__ import annotations

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from sim.rules.cases import Cases
from sim.rules.outcome import Outcome, above, below
from sim.rules.statics import Solution, StaticCircuit

IR_CLASSES = ("dendrite", "drive", "ground", "weight", "vdw")
IR_FORMULA = {
    "dendrite": "max |V(tap) − V(soma tap)| / |W|max",
    "drive": "max (V(feed) − V(tap)) / V(feed)",
    "ground": "max |V(ground tap)| / V(drive feed)",
    "weight": "max |V(tap) − V(source)| / |W|max",
    "vdw": "max (V_DW − V(soma pillar)) / V_DW",
}
IR_SOURCE = "Kirchhoff's laws on the extracted wires; limit: the 5 to 10 % of usual sign-off"


def ir_drops(cases: Cases) -> list[Outcome]:
    """How much voltage do the wires take? One outcome per net class, relative to the voltage it takes from.

    Drive and ground drops are compared with the voltage at the drive's feed, which is what moves the axons. A warning:
    what decides is the V_DW window.
    """
    return [_ir_drop(cases, name) for name in IR_CLASSES] if cases.network.has_wires else []


def _ir_drop(cases: Cases, net_class: str) -> Outcome:
    drops = {name: _relative_drop(cases, s, net_class) for name, s in cases.run_states.items()}
    state, device, value = cases.worst(drops)
    place, limit = cases.device_place(device), cases.limits.ir_drop
    return Outcome(
        rule=f"ir.{net_class}",
        message=f"{net_class} wires lose {value:.2%} of their voltage at {place.name}, allowed {limit:.0%}",
        margin=below(value, limit), severity="warning", formula=IR_FORMULA[net_class], source=IR_SOURCE,
        measured=value, required=limit, unit="1", place=place, state=state,
    )  # fmt: skip


def _relative_drop(cases: Cases, solution: Solution, net_class: str) -> np.ndarray:
    """Relative drop at every device (0 where the class does not reach it), shape (devices,)."""
    network, somas = cases.network, cases.network.somas
    volts = solution.voltage[network.terminals]
    soma = network.is_soma
    weight = max(cases.largest_weight, 1e-30)
    feed = np.maximum(np.abs(volts[somas, MTJ_OUT]), 1e-30)[network.pre]
    if net_class == "dendrite":
        return np.where(soma, 0, np.abs(volts[:, MTJ_OUT] - volts[somas, DW_IN][network.post]) / weight)
    if net_class == "drive":
        return np.where(soma, 0, np.abs(volts[somas, MTJ_OUT][network.pre] - volts[:, DW_IN]) / feed)
    if net_class == "ground":
        return np.where(soma, 0, np.abs(volts[:, DW_OUT]) / feed)
    if net_class == "weight":
        return np.where(soma, 0, np.abs(volts[:, MTJ_IN] - cases.weight) / weight)
    return np.where(soma, np.abs(cases.protocol.v_dw - volts[:, MTJ_IN]) / cases.protocol.v_dw, 0)


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
    circuit = StaticCircuit(network, cases.parallel(False, "none"), cases.held("line", "rail"))
    elmore = circuit.response(per_node)
    node = int(elmore.argmax())
    speed = {name: np.abs(network.mobility * s.track_current) / network.length for name, s in cases.states.items()}
    _, fastest, rate = cases.worst(speed)
    transit = 1 / rate
    limit = cases.limits.rc_fraction * transit
    place, tau = cases.node_place(node), float(elmore[node])
    return Outcome(
        rule="rc.time",
        message=f"{place.name} settles in {tau * 1e12:.4g} ps, allowed {limit * 1e12:.4g} ps ("
        f"{cases.limits.rc_fraction:.0%} of the fastest wall transit, {transit * 1e9:.4g} ns in "
        f"{cases.device_place(fastest).name})",
        margin=above(limit, tau), severity="warning", formula="Σ R_nk·C_k < fraction × L/max|k·I|",
        source="Elmore, J. Appl. Phys. 19, 55 (1948); extracted capacitances, coupling twice (Miller)",
        measured=tau, required=limit, unit="s", place=place, state="somas AP, all axons OFF",
    )  # fmt: skip
