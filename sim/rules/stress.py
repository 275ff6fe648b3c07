"""Rules on what breaks: barrier voltage, current density in tracks, wires and vias, and heat."""

from __future__ import annotations

import math

import numpy as np

from hwlib.network import Network
from hwlib.quantities import digits_apart, printed
from sim.rules.cases import LOAD_STATE, Cases
from sim.rules.climbed_states import walls_that_add
from sim.rules.local_states import local_states
from sim.rules.outcome import TIE, Outcome, Place, Severity, below, first_largest
from sim.rules.starts import LoadedStarts, Peaks
from sim.rules.statics import Solution

_STEPS = 4  # at most, from a layer's worst state to a worse one
OWN_STARTS = "load, starts of the task"
BARRIER, TRACK = "barrier voltage", "track density"  # no layer has a blank in its name


class Stresses:
    """The largest barrier voltage, track current density and use of wires and vias of each layer, over all states.

    Args:
        cases: the network; of a large one a state takes a hundred megabytes, so that each is looked at and let go of.
        loaded: what the task's own starts load, if anything.

    Attributes:
        layers: those of wires and vias whose limits are known.
    """

    def __init__(self, cases: Cases, loaded: LoadedStarts | None):
        network = cases.network
        self._loaded = loaded
        judged = _judged_resistors(network)
        self.layers = list(judged)
        self._found: dict[str, dict[str, tuple[int, float]]] = {}
        self._walls: dict[str, np.ndarray] = {}  # where each layer is used most in the convergence phase
        for name, state in cases.run_states.items():
            self._include(network, judged, name, state)
        for name, state in local_states(cases):
            self._include(network, judged, name, state)
            del state  # before the next one is solved
        self._climb(cases, judged)
        if loaded:
            self._include(network, judged, OWN_STARTS, loaded.peaks)

    def _climb(self, cases: Cases, judged: dict[str, np.ndarray]) -> None:
        """Include states in which the worst wires of layers carry more, until there are none."""
        rising = list(self._walls)
        for step in range(_STEPS):
            before = {layer: self.worst(layer)[1:] for layer in rising}
            again = f", {step + 1} times" * bool(step)
            for wire, walls in self._adding(cases, {layer: wire for layer, (wire, _) in before.items()}):
                name = f"walls that add to {cases.resistor_place(wire).name}{again}"
                self._include(cases.network, judged, name, cases.solved_once(walls))
            rising = [layer for layer, (_, most) in before.items() if self.worst(layer)[2] > most * (1 + TIE)]

    def _adding(self, cases: Cases, wires: dict[str, int]) -> list[tuple[int, np.ndarray]]:
        """Wires, and walls that add to what each carries: of the worst ones of layers, each state solved once."""
        alike: dict[bytes, list[str]] = {}
        for layer, wire in wires.items():
            if cases.circuits.is_shared(wire):
                alike.setdefault(self._walls[layer].tobytes(), []).append(layer)
        found: dict[bytes, tuple[int, np.ndarray]] = {}
        for layers in alike.values():
            walls = self._walls[layers[0]]
            state = cases.solved_once(walls)
            for wire in (wires[layer] for layer in layers):
                more = walls_that_add(cases.network, state, walls, wire)
                if more is not None:
                    found.setdefault(more.tobytes(), (wire, more))
            del state  # before the next one is solved
        return list(found.values())

    def _include(self, network: Network, judged: dict[str, np.ndarray], name: str, state: Solution | Peaks) -> None:
        sizes = {
            BARRIER: np.abs(state.pillar_voltage), TRACK: np.abs(state.track_current) / network.narrowest_area,
        }  # fmt: skip
        for what, size in sizes.items():
            k = first_largest(size)
            self._found.setdefault(what, {})[name] = k, float(size[k])
        if judged:
            use = np.abs(state.resistor_current) / network.resistor_limit
            for layer, here in judged.items():
                k = int(here[first_largest(use[here])])
                found = self._found.setdefault(layer, {})
                found[name] = k, float(use[k])
                if isinstance(state, Solution) and self.worst(layer)[0] == name:
                    middle = (1 / network.r_p + 1 / network.r_ap) / 2
                    self._walls[layer] = state.pillar_siemens > middle

    def worst(self, what: str) -> tuple[str, int, float]:
        """State (with the trial's number in place of all starts'), index and size of the largest.

        Args:
            what: ``BARRIER`` in V, ``TRACK`` in A/m², or a layer, whose sizes are shares of their limits.
        """
        found = self._found[what]
        name = list(found)[first_largest(np.array([size for _, size in found.values()]))]
        index, size = found[name]
        if self._loaded and name == OWN_STARTS:
            of = {BARRIER: "pillar_voltage", TRACK: "track_current"}.get(what, "resistor_current")
            name = _of_trial(self._loaded.peaks.trial[of][index])
        return name, index, size


def _judged_resistors(network: Network) -> dict[str, np.ndarray]:
    """The wire resistors of each layer, as far as their limits are known."""
    known = np.isfinite(network.resistor_limit)
    each = {layer: np.flatnonzero(known & (network.resistor_layer == k)) for k, layer in enumerate(network.layers)}
    return {layer: resistors for layer, resistors in each.items() if len(resistors)}


def barrier_voltage(cases: Cases, stresses: Stresses) -> Outcome:
    """Does every pillar stay below breakdown? ``max |V(MTJ_IN) − V(MTJ_OUT)| < V_BD`` (Khan et al. 2008: ≈ 1 V)."""
    return _barrier(cases, "barrier.voltage", "error", *stresses.worst(BARRIER))


def track_current(cases: Cases, stresses: Stresses) -> Outcome | None:
    """Does every track stay within its layer's limit at its narrowest place? None without a limit.

    ``|I|/A_min ≤ J_max`` of the process.
    """
    if cases.process.layers["track"].max_current_density is None:
        return None
    return _track(cases, "current.track", "error", *stresses.worst(TRACK))


def wire_currents(cases: Cases, stresses: Stresses) -> list[Outcome]:
    """Does every wire and via stay within its limit? One outcome per layer: its worst segment.

    ``|I| ≤ I_max``; I_max = J_max × cross-section (wires) or contact area (vias), from extraction
    (``Network.resistor_limit``). Electromigration: Black, Proc. IEEE 57, 1587 (1969). Segments of unknown limit are
    not judged.
    """
    return [_wire(cases, f"current.{layer}", "error", *stresses.worst(layer)) for layer in stresses.layers]


def any_load_stress(cases: Cases) -> list[Outcome]:
    """Do barriers, tracks and wires stand the load of whatever start? Warnings: the task may never load the worst one.

    Of tracks and all layers of wires and vias the one nearest to its limit is told.
    """
    bound, limit = cases.load_bound, cases.process.layers["track"].max_current_density
    pillar = first_largest(bound.pillar_voltage)
    outcomes = [_barrier(cases, "barrier.load_any", "warning", LOAD_STATE, pillar, float(bound.pillar_voltage[pillar]))]
    currents = []
    if limit is not None:
        density = bound.track_current / cases.network.narrowest_area
        device = first_largest(density)
        currents.append(_track(cases, "current.load_any", "warning", LOAD_STATE, device, float(density[device])))
    use = np.where(np.isfinite(cases.network.resistor_limit), bound.resistor_current, 0) / cases.network.resistor_limit
    if use.any():
        wire = first_largest(use)
        currents.append(_wire(cases, "current.load_any", "warning", LOAD_STATE, wire, float(use[wire])))
    return outcomes + sorted(currents, key=lambda outcome: outcome.margin)[:1]


def _barrier(cases: Cases, rule: str, severity: Severity, state: str, device: int, volts: float) -> Outcome:
    limit, place = cases.device.breakdown_voltage, cases.device_place(device)
    n = digits_apart(volts, limit)
    return Outcome(
        rule=rule,
        message=f"{place.name} has {printed(volts, 'V', n)} across its barrier, "
        f"which breaks at {printed(limit, 'V', n)}{_in(state)}",
        margin=below(volts, limit), severity=severity, formula="max |V(MTJ_IN) − V(MTJ_OUT)| < breakdown voltage",
        source="limit: device.breakdown_voltage of the design file (about 1 V for 1 nm MgO, Khan et al. 2008)",
        measured=volts, required=limit, unit="V", place=place, state=state,
    )  # fmt: skip


def _track(cases: Cases, rule: str, severity: Severity, state: str, device: int, density: float) -> Outcome:
    limit = float(cases.process.layers["track"].max_current_density or math.inf)
    place, n = cases.device_place(device), digits_apart(density, limit)
    return Outcome(
        rule=rule,
        message=f"track of {place.name} carries {printed(density, 'A/m^2', n)}, "
        f"allowed {printed(limit, 'A/m^2', n)}{_in(state)}",
        margin=below(density, limit), severity=severity, formula="|I|/A_min ≤ J_max(track)",
        source="limit: max_current_density of the process file, with its reference there",
        measured=density, required=limit, unit="A/m^2", place=place, state=state,
    )  # fmt: skip


def _wire(cases: Cases, rule: str, severity: Severity, state: str, segment: int, ratio: float) -> Outcome:
    limit, place = float(cases.network.resistor_limit[segment]), cases.resistor_place(segment)
    n = digits_apart(ratio, 1.0)
    return Outcome(
        rule=rule,
        message=f"{place.name} carries {printed(ratio * limit, 'A', n)}, allowed {printed(limit, 'A', n)}{_in(state)}",
        margin=below(ratio, 1.0), severity=severity, formula="|I| ≤ J_max × cross-section",
        source="Black, Proc. IEEE 57, 1587 (1969); limit: max_current_density of the process file",
        measured=ratio * limit, required=limit, unit="A", place=place, state=state,
    )  # fmt: skip


def _of_trial(trial: int) -> str:
    return f"load, start of trial {trial}"


def _in(state: str) -> str:
    """Which start, for messages; nothing for states of the convergence phase."""
    return f", in the {state.removeprefix('load, ')}" if state.startswith("load, ") else ""


def worst_power(cases: Cases, loaded: LoadedStarts | None) -> tuple[str, float]:
    """The bounding state of the convergence phase, or the task's own start while it loads, that takes most; and W."""
    powers = {name: s.power for name, s in cases.run_states.items()}
    if loaded:
        powers[_of_trial(loaded.peaks.power_trial)] = loaded.peaks.power
    return max(powers.items(), key=lambda named: named[1])


def power_density(cases: Cases, loaded: LoadedStarts | None) -> Outcome:
    """Does the macro stay cool on its substrate? Total power, mW/mm², and its temperature rise, of the worst phase.

    ``ΔT = P/(4·κ·a)``: isothermal disc on a half-space (Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed., 8.2),
    of the area of the cells, without trunks; thin films between macro and substrate add to it. Without a layout only
    power is reported.
    """
    (state, power), area, limit = worst_power(cases, loaded), cells_area(cases), cases.limits.temperature_rise
    formula = "ΔT = P/(4·κ·√(area/π)), isothermal disc on a half-space"
    source = (
        "Carslaw & Jaeger, Conduction of Heat in Solids, 8.2; κ: Glassbrenner & Slack, Phys. Rev. 134, A1058 (1964)"
    )
    if area is None:
        return Outcome(
            rule="power.density", message=f"{power * 1e3:.4g} mW in all{_in(state)}; no area without a layout",
            margin=math.inf, severity="warning", formula=formula, source=source, measured=power, unit="W",
            state=state,
        )  # fmt: skip
    rise = power / (4 * cases.limits.thermal_conductivity * math.sqrt(area / math.pi))
    centre = Place("macro", float(cases.network.device_x.mean()), float(cases.network.device_y.mean()))
    return Outcome(
        rule="power.density",
        message=f"{power * 1e3:.4g} mW on {area * 1e12:.4g} µm² of cells ({power * 1e3 / (area * 1e6):.4g} mW/mm²) "
        f"warm the macro by {rise:.3g} K, allowed {limit:.3g} K{_in(state)}",
        margin=below(rise, limit), severity="warning", formula=formula, source=source, measured=rise, required=limit,
        unit="K", place=centre, state=state,
    )  # fmt: skip


def cells_area(cases: Cases) -> float | None:
    """Area of the cells in m², from the devices' places; None without a layout."""
    network = cases.network
    if not np.isfinite(network.device_x).all():
        return None
    n = network.neurons
    return float(np.ptp(network.device_x) * np.ptp(network.device_y) * (n / (n - 1)) ** 2)
