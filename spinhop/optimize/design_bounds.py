"""What limits a design, from closed forms and from the rules, and how far it is from each limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.operating_point import leak_current, nominal_track
from hwlib.process import Process
from hwlib.temperature import at_temperature
from sim.dynamics.collective import Collective
from sim.rules import OperatingPointReport
from sim.thermal.thermal_noise import agitation
from spinhop.optimize.wire_charge import COUNTED_FROM, WireCharge

ROOM = 300.0  # K
HELD = 17.0  # of Λ: a leak that holds a wall off its pillar but for a share of 1e-3 of the time
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
        Closed forms leave wires out: with them values are smaller, so they bound what the rules measure.
    """
    rows = [
        *_closed_forms(design, process), _fastest(design, process, v_dw, time), _thermal(design, process),
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
    n, device, point = design.network.neurons, design.device, design.operating_point
    mobility, r_m = nominal_track(design, process)
    levels, track, metal = np.abs(design.weight_levels()), process.layers["track"], process.layers["m3"]
    leak = leak_current(point.axon_leak, mobility)
    rows = [
        _row("breakdown", "I_leak·((N−1)·(R_P + R_AP)/2 + R_M) < V_breakdown", "V",
             leak * ((n - 1) * (device.r_p + device.r_ap) / 2 + r_m), device.breakdown_voltage),
    ]  # fmt: skip
    if track.max_current_density is not None:
        area = device.track_width * track.thickness
        rows.append(_row("track current", "V_C/(R_M·A) < J_max", "A/m^2", point.v_charge / (r_m * area),
                         track.max_current_density))  # fmt: skip
    if metal.max_current_density is not None:
        width = design.network.dendrite_width or metal.min_width or 0.0
        running = float(point.weight * levels.sum(axis=1).max() / (2 * device.r_p))
        rows.append(_row("dendrite current, running", "Σ|W_ij|/(2·R_P) < J_max·w·t", "A", running,
                         metal.max_current_density * width * metal.thickness))  # fmt: skip
    return rows


def _fastest(design: Design, process: Process, v_dw: float, time: float) -> dict[str, Any]:
    """A soma that crosses its track at what V_C gives, and then an axon at what a parallel soma lets through."""
    design, process = at_temperature(design, process)
    n, device, point = design.network.neurons, design.device, design.operating_point
    mobility, r_m = nominal_track(design, process)
    loads = design.task.kind != "maxcut"
    volts = point.v_charge if loads else point.weight
    soma = mobility * volts / r_m + abs(point.soma_leak)
    axon = mobility * v_dw / (device.r_p + r_m / (n - 1)) / (n - 1) - abs(point.axon_leak)
    least = device.track_length * (1 / soma + 1 / axon) if axon > 0 else math.inf
    formula = f"L/(k·{'V_C' if loads else 'W'}/R_M + |v_soma|) + L/(k·V_DW/(R_P·(N−1) + R_M) − |v_axon|) ≤ time"
    return _row("time", formula, "s", least, time)


def _thermal(design: Design, process: Process) -> dict[str, Any]:
    """Λ of the axons' leak at 300 K, by the wall's width and damping: the design's, or those of the collective law."""
    device = design.device
    typical = {parameter.name: parameter.default for parameter in Collective.parameters}
    given = device.dynamics.arrays(1, **device.materials).values
    damping, width = (float(given.get(name, [typical[name]])[0]) for name in ("damping", "wall_width"))
    mobility = nominal_track(design, process)[0]
    diffusion = float(agitation(ROOM, np.array(mobility), device.polarization)) * width / damping
    value = abs(design.operating_point.axon_leak) * device.track_length / diffusion
    formula = f"Λ = |v_axon|·L/D > {HELD:g}, D = k_B·T·γ·Δ/(2·α·M_s·A), T = {ROOM:g} K, Δ = {1e9 * width:g} nm"
    row = _row("thermal", f"{formula}, α = {damping:g}", "1", value, HELD)
    return row | {"margin": value / HELD - 1}


def _row(name: str, formula: str, unit: str, value: float, limit: float) -> dict[str, Any]:
    margin = 1 - value / limit if limit > 0 else -math.inf
    return {"name": name, "formula": formula, "unit": unit, "value": value, "limit": limit, "margin": margin}
