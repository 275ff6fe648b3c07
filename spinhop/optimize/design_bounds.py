"""What limits a design, from closed forms and from the rules, and how far it is from each limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.dynamics_data import DEFAULT
from hwlib.operating_point import leak_current, nominal_track
from hwlib.process import Process
from hwlib.temperature import at_temperature
from sim.dynamics.collective import Collective
from sim.rules import OperatingPointReport
from sim.rules.thermal import ALLOWED
from sim.tasks.kinds import task_of
from sim.thermal.thermal_noise import agitation
from spinhop.optimize.wire_charge import COUNTED_FROM, WireCharge

ROOM = 300.0  # K
_ROUNDS = 10
_RULES = ("vdw.window", "barrier.voltage", "power.density")


def design_bounds(
    design: Design, process: Process, report: OperatingPointReport, charge: WireCharge, v_dw: float, time: float,
    energy: float,
) -> list[dict[str, Any]]:  # fmt: skip
    """Bounds of a design.

    Args:
        design: the design.
        process: its process.
        report: the rules on its drawn network.
        charge: of its drawn wires.
        v_dw: V_DW of the drawn network in V.
        time: mean time to solution as drawn in s, wires' own time left out.
        energy: mean energy as drawn in J, wires' charge left out.

    Returns:
        One dictionary per bound: ``name``, ``formula``, ``unit``, ``value``, ``limit`` and ``margin``, relative and
        negative beyond the limit; in a design that holds every rule only closed forms can be that.
        Closed forms leave wires out: with them values are smaller, so they bound what the rules measure (a soma's track
        by a few percent less than that, where V_DW's current lifts the ground under it).
    """
    rows = [
        *_closed_forms(design, process), *_fastest(design, process, v_dw, time), *_thermal(design, process),
        _row("C·V² energy", "Σ C·V² of all nets, once a trial < 1 % of the energy", "J", charge.energy,
             COUNTED_FROM * energy),
        _row("RC time", "longest Elmore time < 1 % of the time", "s", charge.settling, COUNTED_FROM * time),
    ]  # fmt: skip
    for outcome in report.outcomes:
        known = outcome.rule in _RULES or (outcome.rule.startswith("current.") and outcome.severity == "error")
        if known and outcome.measured is not None and outcome.required is not None:
            rows.append({
                "name": outcome.rule, "formula": outcome.formula, "unit": outcome.unit,
                "value": float(outcome.measured), "limit": float(outcome.required), "margin": float(outcome.margin),
            })  # fmt: skip
    return [row for row in rows if all(math.isfinite(row[key]) for key in ("value", "limit", "margin"))]


def _closed_forms(design: Design, process: Process) -> list[dict[str, Any]]:
    """Breakdown and currents, without wires."""
    design, process = at_temperature(design, process)
    device, point = design.device, design.operating_point
    mobility, r_m = nominal_track(design, process)
    levels, track, metal = np.abs(design.weight_levels()), process.layers["track"], process.layers["m3"]
    most, least = (int(end) for end in _fan_outs(design)[[-1, 0]])
    volts = max(point.v_charge if _loads(design) else 0.0, _dendrite_volts(design, r_m))
    rows = [
        _row("breakdown", "I_leak·((n_max·R_P + n_min·R_AP)/2 + R_M) < V_breakdown, n: axons of a neuron", "V",
             leak_current(point.axon_leak, mobility) * ((most * device.r_p + least * device.r_ap) / 2 + r_m),
             device.breakdown_voltage),
    ]  # fmt: skip
    if track.max_current_density is not None:
        area = device.track_width * track.thickness
        formula = "max(V_C, V_d)/(R_M·A) < J_max, V_d: the most that weights put on a dendrite"
        rows.append(_row("track current", formula, "A/m^2", volts / (r_m * area), track.max_current_density))
    if metal.max_current_density is not None:
        width = design.network.dendrite_width or metal.min_width or 0.0
        running = float(point.weight * levels.sum(axis=1).max() / (2 * device.r_p))
        rows.append(_row("dendrite current, running", "Σ|W_ij|/(2·R_P) < J_max·w·t", "A", running,
                         metal.max_current_density * width * metal.thickness))  # fmt: skip
    return rows


def _loads(design: Design) -> bool:
    """Whether the task's trials begin with V_C at the dendrites."""
    return task_of(design).start_bits(design, 1) is not None


def _dendrite_volts(design: Design, r_m: float) -> float:
    """Largest voltage in V that the weights can put on a dendrite, over all states of its axons."""
    device, joined = design.device, design.topology.joined
    own = design.operating_point.weight * np.asarray(design.weight_levels(), float)
    largest = 0.0
    for volts in (own, -own):
        dendrite = np.zeros((len(own), 1))
        for _ in range(_ROUNDS):  # those above what they add up to are ON, until no other are
            siemens = np.where(joined, np.where(volts > dendrite, 1 / device.r_p, 1 / device.r_ap), 0.0)
            whole = siemens.sum(axis=1, keepdims=True) + 1 / r_m
            dendrite = (siemens * volts).sum(axis=1, keepdims=True) / whole
        largest = max(largest, float(dendrite.max()))
    return largest


def _fan_outs(design: Design) -> np.ndarray:
    """Axons of each neuron that drives any, ascending."""
    fan_out = np.sort(design.topology.out_degree)
    return fan_out[fan_out > 0]


def _fastest(design: Design, process: Process, v_dw: float, time: float) -> list[dict[str, Any]]:
    """A trial that turns a neuron ON: its soma crosses its track, its axons theirs from when it is at its pillar.

    Only kinematic walls without noise are as slow as their drive.
    """
    design, process = at_temperature(design, process)
    device, point = design.device, design.operating_point
    if device.dynamics.model != DEFAULT or point.temperature:
        return []
    mobility, r_m = nominal_track(design, process)
    loads, weight = _loads(design), _dendrite_volts(design, r_m)
    volts = point.v_charge if loads else weight
    name = "V_C" if loads else "V_d"
    if loads and point.load != "rest":  # a soma that the load leaves on its way goes on by its weights
        volts, name = max(volts, weight), "max(V_C, V_d)"
    fewest, length = int(_fan_outs(design)[0]), device.track_length
    soma = mobility * volts / r_m + abs(point.soma_leak)
    axon = mobility * v_dw / (device.r_p * fewest + r_m) - abs(point.axon_leak)
    ahead = device.pillar_position * length - device.pillar_width / 2
    least = max(length / soma, ahead / soma + length / axon) if axon > 0 else math.inf
    formula = (
        f"max(L/v_s, x/v_s + L/v_a) ≤ time; v_s = k·{name}/R_M + |v_soma|, v_a = k·V_DW/(n·R_P + R_M) − |v_axon|, "
        "x: from the end to the pillar, n: fewest axons of a neuron, V_d: the most that weights put on a dendrite"
    )
    return [_row("time", formula, "s", least, time)]


def _thermal(design: Design, process: Process) -> list[dict[str, Any]]:
    """Λ of the axons' leak at 300 K, by the wall's width and damping: the design's, or those of the collective law.

    Nothing of a device that is no magnet there.
    """
    if design.device.problem_at(ROOM):
        return []
    at_room = design.operating_point.model_copy(update={"temperature": ROOM})
    design, process = at_temperature(design.model_copy(update={"operating_point": at_room}), process)
    device = design.device
    typical = {parameter.name: parameter.default for parameter in Collective.parameters}
    given = device.dynamics.arrays(1, **device.materials).values
    damping, width = (float(given.get(name, [typical[name]])[0]) for name in ("damping", "wall_width"))
    mobility = nominal_track(design, process)[0]
    diffusion = float(agitation(ROOM, np.array(mobility), device.polarization)) * width / damping
    value = abs(design.operating_point.axon_leak) * device.track_length / diffusion
    ahead = device.pillar_position - device.pillar_width / (2 * device.track_length)
    held = math.log(1 / ALLOWED) / ahead if ahead > 0 else math.inf
    formula = "Λ = |v_axon|·L/D > ln(1000)·L/x, x: from the end to the pillar, D = k_B·T·γ·Δ/(2·α·M_s·A)"
    row = _row("thermal", f"{formula}, T = {ROOM:g} K, Δ = {1e9 * width:g} nm, α = {damping:g}", "1", value, held)
    return [row | {"margin": value / held - 1}]


def _row(name: str, formula: str, unit: str, value: float, limit: float) -> dict[str, Any]:
    margin = 1 - value / limit if limit > 0 else -math.inf
    return {"name": name, "formula": formula, "unit": unit, "value": value, "limit": limit, "margin": margin}
