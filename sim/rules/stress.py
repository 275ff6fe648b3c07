"""Rules on what breaks: barrier voltage, current density in tracks, wires and vias, and heat."""

from __future__ import annotations

import math

import numpy as np

from sim.rules.cases import Cases
from sim.rules.outcome import Outcome, Place, below


def barrier_voltage(cases: Cases) -> Outcome:
    """Does every pillar stay below breakdown? ``max |V(MTJ_IN) − V(MTJ_OUT)| < V_BD`` (Khan et al. 2008: ≈ 1 V)."""
    stress = {name: np.abs(s.pillar_voltage) for name, s in cases.states.items()}
    state, device, volts = cases.worst(stress)
    limit = cases.device.breakdown_voltage
    place = cases.device_place(device)
    return Outcome(
        rule="barrier.voltage",
        message=f"{place.name} has {volts:.4g} V across its barrier, which breaks at {limit:.4g} V",
        margin=below(volts, limit), severity="error", formula="max |V(MTJ_IN) − V(MTJ_OUT)| < breakdown voltage",
        source="limit: device.breakdown_voltage of the design file (about 1 V for 1 nm MgO, Khan et al. 2008)",
        measured=volts, required=limit, unit="V", place=place, state=state,
    )  # fmt: skip


def track_current(cases: Cases) -> Outcome | None:
    """Does every track stay within its layer's limit at its narrowest place? None without a limit.

    ``|I|/A_min ≤ J_max`` of the process.
    """
    limit = cases.process.layers["track"].max_current_density
    if limit is None:
        return None
    density = {name: np.abs(s.track_current) / cases.network.narrowest_area for name, s in cases.states.items()}
    state, device, value = cases.worst(density)
    place = cases.device_place(device)
    return Outcome(
        rule="current.track", message=f"track of {place.name} carries {value:.4g} A/m², allowed {limit:.4g} A/m²",
        margin=below(value, limit), severity="error", formula="|I|/A_min ≤ J_max(track)",
        source="limit: max_current_density of the process file, with its reference there",
        measured=value, required=limit, unit="A/m^2", place=place, state=state,
    )  # fmt: skip


def wire_currents(cases: Cases) -> list[Outcome]:
    """Does every wire and via stay within its limit? One outcome per layer: its worst segment.

    ``|I| ≤ I_max``; I_max = J_max × cross-section (wires) or contact area (vias), from extraction
    (``Network.resistor_limit``). Electromigration: Black, Proc. IEEE 57, 1587 (1969). Segments of unknown limit are
    not judged.
    """
    network = cases.network
    use = {name: np.abs(s.resistor_current) / network.resistor_limit for name, s in cases.states.items()}
    outcomes = []
    for index, layer in enumerate(network.layers):
        here = np.flatnonzero((network.resistor_layer == index) & np.isfinite(network.resistor_limit))
        if not len(here):
            continue
        state, k, ratio = cases.worst({name: values[here] for name, values in use.items()})
        segment = int(here[k])
        limit = float(network.resistor_limit[segment])
        place = cases.resistor_place(segment)
        outcomes.append(Outcome(
            rule=f"current.{layer}",
            message=f"{place.name} carries {ratio * limit * 1e6:.4g} µA, allowed {limit * 1e6:.4g} µA",
            margin=below(ratio, 1.0), severity="error", formula="|I| ≤ J_max × cross-section",
            source="Black, Proc. IEEE 57, 1587 (1969); limit: max_current_density of the process file",
            measured=ratio * limit, required=limit, unit="A", place=place, state=state,
        ))  # fmt: skip
    return outcomes


def power_density(cases: Cases) -> Outcome:
    """Does the macro stay cool on its substrate? Total power, mW/mm², and its temperature rise.

    ``ΔT = P/(4·κ·a)``: isothermal disc of the macro's area on a half-space (Carslaw & Jaeger, Conduction of Heat in
    Solids, 2nd ed., 8.2); thin films between macro and substrate add to it. Without a layout only power is reported.
    """
    powers = {name: s.power for name, s in cases.run_states.items()}
    state = max(powers, key=lambda k: powers[k])
    power, area, limit = powers[state], macro_area(cases), cases.limits.temperature_rise
    formula = "ΔT = P/(4·κ·√(area/π)), isothermal disc on a half-space"
    source = (
        "Carslaw & Jaeger, Conduction of Heat in Solids, 8.2; κ: Glassbrenner & Slack, Phys. Rev. 134, A1058 (1964)"
    )
    if area is None:
        return Outcome(
            rule="power.density", message=f"{power * 1e3:.4g} mW in all; no area without a layout",
            margin=math.inf, severity="warning", formula=formula, source=source, measured=power, unit="W",
            state=state,
        )  # fmt: skip
    rise = power / (4 * cases.limits.thermal_conductivity * math.sqrt(area / math.pi))
    centre = Place("macro", float(cases.network.device_x.mean()), float(cases.network.device_y.mean()))
    return Outcome(
        rule="power.density",
        message=f"{power * 1e3:.4g} mW on {area * 1e12:.4g} µm² ({power * 1e3 / (area * 1e6):.4g} mW/mm²) warm the "
        f"macro by {rise:.3g} K, allowed {limit:.3g} K",
        margin=below(rise, limit), severity="warning", formula=formula, source=source, measured=rise, required=limit,
        unit="K", place=centre, state=state,
    )  # fmt: skip


def macro_area(cases: Cases) -> float | None:
    """Area of the cells in m², from the devices' places; None without a layout."""
    network = cases.network
    if not np.isfinite(network.device_x).all():
        return None
    n = network.neurons
    return float(np.ptp(network.device_x) * np.ptp(network.device_y) * (n / (n - 1)) ** 2)
