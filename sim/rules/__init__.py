"""Operating-point rules (ERC): V_DW and the leaks, barrier, currents, wires, heat; ideal or with extracted wires.

Each rule is one small function answering one question; its docstring and its outcome state formula and source. To add
one from outside, ``register`` it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.device import Device
from hwlib.errors import FieldsError, InputError
from hwlib.findings import Finding
from hwlib.network import Network
from hwlib.process import Process
from hwlib.registry import Registry
from sim.protocol import Protocol
from sim.protocol_checks import check_protocols, checked_bits
from sim.rules import drive_path, growth, leaks, loading, stored_states, stress, thermal, window, wires
from sim.rules.cases import Cases, Limits
from sim.rules.outcome import OperatingPointReport, Outcome, Place, added_outcome, check_waivers, rule_name
from sim.rules.starts import LoadedStarts, loaded_starts
from sim.rules.statics import StaticCircuits
from sim.rules.stored_states import RestStates, rest_states

__all__ = [
    "ADDED", "Limits", "OperatingPointReport", "Outcome", "Place", "RestStates", "check_operating_point",
    "check_waivers", "operating_point_report", "register", "rest_states", "rule_names",
]  # fmt: skip


Judge = Callable[[Cases], Outcome | None]
ADDED: Registry[Judge] = Registry("rule")  # rules from outside by name
THERMAL_RULES = ("thermal.hold", "thermal.drive", "thermal.pinning")  # where the design states a temperature


def register(name: str, judge: Judge) -> None:
    """Add an operating-point rule; it is judged after those that are here.

    Args:
        name: ``Outcome.rule`` of its outcome, such as ``noise.read``.
        judge: looks at a network in its bounding states; None: there is nothing to judge.

    Raises:
        ValueError: the name is taken, or is none that a design's ``waivers`` can hold.
    """
    ADDED.add(rule_name(name), judge)


def rule_names(process: Process) -> list[str]:
    """Names of all rules, for waivers; ``current.…`` has one per layer of the process."""
    layers = ["track", *process.of_kind("conductor"), *process.of_kind("via")]
    return [
        "vdw.window", "vdw.eq4", "leak.axon_sign", "leak.axon_size", "leak.axon_time", "leak.soma", "leak.load",
        "leak.load_any", "leak.time", "load.time", "drive.pattern", "drive.release", "drive.path", "state.inverse",
        "state.all_off", "barrier.voltage", "barrier.load_any", *(f"current.{name}" for name in layers),
        "current.load_any", *(f"ir.{name}" for name in wires.IR_DROPS), "rc.time", "power.density",
        *THERMAL_RULES, *ADDED,
    ]  # fmt: skip


@takes_kinds
def operating_point_report(
    network: Network, protocol: Protocol, device: Device, process: Process, *,
    waivers: Mapping[str, str] | None = None, limits: Limits | None = None, patterns: np.ndarray | None = None,
    starts: np.ndarray | None = None, loads: bool = True, circuits: StaticCircuits | None = None,
    as_good: Callable[[np.ndarray, np.ndarray], bool] = np.array_equal,
) -> OperatingPointReport:  # fmt: skip
    """Apply every rule to a network, as drawn (with its wires) or ideal.

    Args:
        network: ideal or extracted.
        protocol: the voltages; with weight lines it must give ``levels``.
        device: barrier breakdown and nominal resistances for eq. (4).
        process: current-density limits.
        waivers: rule name → reason; violations of these rules do not fail (``Design.waivers``).
        limits: requirements that neither process nor device gives.
        patterns: what the network stores (``hwlib.weights.stored_patterns``), shape (patterns, N); None: the rules on
            states are not judged.
        starts: what its task loads (``sim.starts``), shape (trials, N); None: of the load phase only the worst start
            is judged.
        loads: whether its task has a load phase; without one none is judged.
        circuits: of this network, for what was solved before; default: new ones.
        as_good: whether its task takes the first of two states of the somas for as good an answer as the second
            (``RunTask.as_good``).

    Returns:
        Outcomes with margin, worst device and place; ``values`` holds per neuron ``low``, ``high`` and ``centre`` (V),
        ``margin`` (of the set V_DW, relative to it), ``low_axon`` and ``high_axon`` (which set the ends), None for one
        that drives no axon; ``v_dw`` and ``eq4`` (V), ``pattern_margin`` (of ``drive.pattern``, per neuron),
        ``recommended_v_dw`` (V, None when no value serves every neuron), ``closes_at`` (smallest N whose window is
        closed with these cells, above the network's own N where that one's is open, else at most that; None: open at
        4096) and ``ohm_per_cell``, the ladder it was extrapolated with (None: ideal wires, or not every neuron drives
        every other).

    Raises:
        InputError: waivers of unknown rules, lines without levels, or a rule from outside that gives no outcome of
            its own.
    """
    waivers = dict(waivers or {})
    try:
        check_waivers(waivers, rule_names(process))
    except FieldsError as error:
        raise InputError(str(error)) from None
    check_protocols(network, [protocol])
    if patterns is not None:
        patterns = checked_bits(patterns, network.neurons, "patterns")
    if starts is not None:
        starts = checked_bits(starts, network.neurons, "starts")
    cases = Cases(network, protocol, device, process, limits or Limits(), patterns, starts, loads, circuits, as_good)
    return _judged(cases, waivers)


def _judged(cases: Cases, waivers: dict[str, str]) -> OperatingPointReport:
    """Every rule in the order of the report's table."""
    windows, loaded = window.v_dw_windows(cases), loaded_starts(cases)
    path = drive_path.drive_path(cases, drive_path.ideal_paths(cases))
    walls = thermal.warm_walls(cases)
    held, ends = stored_states.pattern_states(cases), stored_states.run_ends(cases, path)
    stresses = stress.Stresses(cases, loaded)
    found = [
        window.vdw_window(cases, windows), window.vdw_eq4(cases, windows),
        leaks.axon_leak_sign(cases), leaks.axon_leak_size(cases), leaks.axon_time(cases), leaks.soma_leak(cases),
        loading.load_drive(cases, loaded), loading.any_load_drive(cases) if cases.loads else None,
        leaks.leak_time(cases), loading.load_time(cases, loaded), *stored_states.stored_patterns(cases, held, ends),
        drive_path.release(cases, path), drive_path.same_way(cases, path), stored_states.all_off(cases),
        stress.barrier_voltage(cases, stresses), stress.track_current(cases, stresses), wires.rc_time(cases),
        stress.power_density(cases, loaded), *stress.wire_currents(cases, stresses),
        *(stress.any_load_stress(cases) if cases.loads else ()), *wires.ir_drops(cases),
        thermal.thermal_hold(walls), thermal.thermal_drive(walls, held), thermal.thermal_pinning(walls),
        *(added_outcome(name, judge(cases)) for name, judge in ADDED.items()),
    ]  # fmt: skip
    outcomes = tuple(outcome for outcome in found if outcome is not None)
    values = _values(cases, windows, loaded) | {"pattern_margin": stored_states.neuron_margins(held, ends)}
    return OperatingPointReport(outcomes, waivers, values)


@takes_kinds
def check_operating_point(
    network: Network, protocol: Protocol, device: Device, process: Process, *,
    waivers: Mapping[str, str] | None = None, limits: Limits | None = None, patterns: np.ndarray | None = None,
    starts: np.ndarray | None = None,
) -> list[Finding]:  # fmt: skip
    """Findings of the rules that do not hold; see ``operating_point_report`` for arguments and the full table."""
    return operating_point_report(
        network, protocol, device, process, waivers=waivers, limits=limits, patterns=patterns, starts=starts
    ).findings()


def _values(cases: Cases, windows: window.Windows, loaded: LoadedStarts | None) -> dict[str, object]:
    """As of ``operating_point_report``."""
    ladder = growth.cell_ladder(cases) if cases.network.has_wires and cases.all_to_all else None
    v_dw = cases.protocol.v_dw

    def of_neurons(volts: np.ndarray) -> list[float | None]:
        return [None if np.isnan(volt) else volt for volt in volts.tolist()]

    return {
        "low": of_neurons(windows.low),
        "high": of_neurons(windows.high),
        "centre": of_neurons((windows.low + windows.high) / 2),
        "margin": of_neurons(np.minimum(v_dw - windows.low, windows.high - v_dw) / v_dw),
        "low_axon": [cases.device_place(axon).name if axon >= 0 else None for axon in windows.low_axon.tolist()],
        "high_axon": [cases.device_place(axon).name if axon >= 0 else None for axon in windows.high_axon.tolist()],
        "v_dw": v_dw,
        "eq4": window.eq4_voltage(cases),
        "recommended_v_dw": windows.recommended,
        "closes_at": ladder.closes_at((cases.network.neurons, windows.lowest, windows.highest)) if ladder else None,
        "ohm_per_cell": {k: getattr(ladder, k) for k in ("drive", "ground", "vdw", "trunk", "feeder", "feed")}
        if ladder
        else None,
        "power": stress.worst_power(cases, loaded)[1],
        "cells_area": stress.cells_area(cases),
    }
