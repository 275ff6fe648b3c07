"""What limits a design, from closed forms and from the rules, and how far it is from each limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hwlib.design import Design
from hwlib.operating_point import leak_current, nominal_track
from hwlib.process import Process
from sim.rules import OperatingPointReport

_RULES = ("vdw.window", "barrier.voltage", "rc.time", "power.density")


def design_bounds(design: Design, process: Process, report: OperatingPointReport) -> list[dict[str, Any]]:
    """Bounds of a design.

    Args:
        design: the design.
        process: its process.
        report: the rules on its drawn network.

    Returns:
        One dictionary per bound: ``name``, ``formula``, ``unit``, ``value``, ``limit`` and ``distance``, the relative
        room left. Closed forms leave wires out: with them values are smaller, so they bound what the rules measure.
    """
    n, device, point = design.network.neurons, design.device, design.operating_point
    mobility, r_m = nominal_track(design, process)
    levels = np.abs(design.weight_levels())
    r_p, r_ap = device.r_p, device.r_ap
    leak = leak_current(point.axon_leak, mobility)
    metal = process.layers["m3"]
    width = design.network.dendrite_width or metal.min_width or 0.0
    rows = [
        _row(
            "breakdown", "I_leak·((N−1)·(R_P + R_AP)/2 + R_M) < V_breakdown", "V",
            leak * ((n - 1) * (r_p + r_ap) / 2 + r_m), device.breakdown_voltage,
        ),
    ]  # fmt: skip
    if metal.max_current_density is not None:
        rows.append(_row(
            "dendrite current, running", "Σ|W_ij|/(2·R_P) < J_max·w·t", "A",
            float(point.weight * levels.sum(axis=1).max() / (2 * r_p)),
            metal.max_current_density * width * metal.thickness,
        ))  # fmt: skip
    for outcome in report.outcomes:
        known = outcome.rule in _RULES or outcome.rule.startswith("current.")
        if known and outcome.measured is not None and outcome.required is not None:
            rows.append({
                "name": outcome.rule, "formula": outcome.formula, "unit": outcome.unit,
                "value": float(outcome.measured), "limit": float(outcome.required), "distance": float(outcome.margin),
            })  # fmt: skip
    return [row for row in rows if all(math.isfinite(row[key]) for key in ("value", "limit", "distance"))]


def _row(name: str, formula: str, unit: str, value: float, limit: float) -> dict[str, Any]:
    distance = 1 - value / limit if limit > 0 else -math.inf
    return {"name": name, "formula": formula, "unit": unit, "value": value, "limit": limit, "distance": distance}
