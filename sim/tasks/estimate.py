"""The authors' estimates of power and energy, as their published numbers decode.

They are not metered: half of all pillars are taken as parallel and half as antiparallel, and half of a dendrite's
synapses, drawn at random, hold +W. ``sim.run`` meters what the sources really deliver; reports show both, labelled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from hwlib.design import Design
from hwlib.operating_point import nominal_track, resolve_v_dw
from hwlib.process import Process
from hwlib.temperature import at_temperature

_LOAD_TRAVEL = 0.6  # of L: the wall passes Table I's pillar (40 to 60 % of the track)


@dataclass(frozen=True)
class Estimate:
    """The estimate for one network and operating point.

    Attributes:
        load_power: power while the pattern is loaded, W.
        run_power: power while the network converges, W.
        load_time: estimated duration of the load phase, s.
        drive_power: the part of both powers that V_DW delivers, W.
    """

    load_power: float
    run_power: float
    load_time: float
    drive_power: float

    def branches(self, time: float) -> dict[str, float]:
        """Energy in J by source (``weight``, ``vdw``, ``load``) of a run of ``time`` (s)."""
        return {
            "weight": (time - self.load_time) * (self.run_power - self.drive_power),
            "vdw": time * self.drive_power,
            "load": self.load_time * (self.load_power - self.drive_power),
        }

    def weighted(self, mean_square: float) -> Estimate:
        """The estimate for weights whose mean square is ``mean_square`` W² instead of W²; their signs still random."""
        weights = self.run_power - self.drive_power
        return replace(self, run_power=self.drive_power + mean_square * weights)

    def unloaded(self) -> Estimate:
        """The estimate without a load phase."""
        return replace(self, load_time=0.0)

    def energy(self, time: float | np.ndarray) -> float | np.ndarray:
        """Energy in J of a run whose time-to-solution, load included, is ``time`` (s)."""
        return self.load_time * self.load_power + (time - self.load_time) * self.run_power

    def power(self, time: float) -> float:
        """Average power in W over ``time`` (s): what the paper prints."""
        return float(self.energy(time)) / time

    def time(self, energy: float) -> float:
        """Time in s at which the estimate reaches ``energy`` (J)."""
        return self.load_time + (energy - self.load_time * self.load_power) / self.run_power


def dendrite_power(resistance: float, fan_in: int, weight: float, r_m: float) -> float:
    """Expected power in W that the weight sources of one dendrite deliver.

    All ``fan_in`` pillars have ``resistance`` (Ω); a number c ~ Binomial(fan_in, ½) of them sits at +W, the others at
    −W: two parallel groups R/c and R/(fan_in − c) against the soma's track R_M (Ω). ``weight`` is W in V.
    """
    plus = np.arange(fan_in + 1)
    node = weight * (2 * plus - fan_in) / resistance / (fan_in / resistance + 1 / r_m)
    power = weight / resistance * (plus * (weight - node) + (fan_in - plus) * (weight + node))
    return float(binom.pmf(plus, fan_in, 0.5) @ power)


def authors_estimate(design: Design, process: Process) -> Estimate:
    """The authors' estimate for a design's size, device and operating point.

    ``P_run = N·[mean_R m(R) + mean_R V_DW²/(R + R_M/(N−1))]`` over R ∈ {R_P, R_AP} with m = ``dendrite_power``,
    ``P_load = N·mean_R[V_C²/R_M + V_DW²/(R + R_M/(N−1))]``, and a load time of 0.6 L at the soma's load speed plus L
    at a parallel soma's axon speed.
    """
    design, process = at_temperature(design, process)
    point, device, n = design.operating_point, design.device, design.network.neurons
    mobility, r_m = nominal_track(design, process)
    v_dw, fan_out = resolve_v_dw(design, process), n - 1
    states = (device.r_p, device.r_ap)
    drive = float(np.mean([v_dw**2 / (r + r_m / fan_out) for r in states]))
    synapses = float(np.mean([dendrite_power(r, fan_out, point.weight, r_m) for r in states]))
    soma_speed = mobility * point.v_charge / r_m + point.soma_leak
    axon_speed = mobility * v_dw / (device.r_p + r_m / fan_out) / fan_out + point.axon_leak
    return Estimate(
        load_power=n * (point.v_charge**2 / r_m + drive),
        run_power=n * (synapses + drive),
        load_time=_LOAD_TRAVEL * device.track_length / soma_speed + device.track_length / axon_speed,
        drive_power=n * drive,
    )


def recalled_weight_power(design: Design, process: Process) -> float:
    """Weight power in W of a network that rests in its one stored pattern, half of whose bits are ON (N even).

    A dendrite's synapses then pull alike: its node stands near ±0.6 W, where random signs leave it near 0.
    """
    design, process = at_temperature(design, process)
    device, n, weight = design.device, design.network.neurons, design.operating_point.weight
    _, r_m = nominal_track(design, process)
    power = 0.0
    for on, off in ((n // 2 - 1, n // 2), (n // 2, n // 2 - 1)):  # the other neurons, seen from an ON and an OFF one
        total = on / device.r_p + off / device.r_ap
        pull = (on / device.r_p - off / device.r_ap) * weight
        power += n / 2 * (total * weight**2 - pull**2 / (total + 1 / r_m))
    return power
