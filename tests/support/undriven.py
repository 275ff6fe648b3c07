"""Networks that nothing drives, so that each of their walls is a free Brownian particle under its leak."""

import numpy as np

from hwlib.design import Design
from hwlib.schematic import ideal_network
from sim.protocol import Protocol
from sim.thermal.thermal_noise import ThermalNoise

GAMMA = 2.1 * 9.2740100783e-24 / 1.054571817e-34  # g µ_B/ħ, rad/(s T)
MAGNETIZATION, AREA = 8e5, 50e-18  # Table I
BOLTZMANN = 1.380649e-23


def undriven(neurons, *, leak=0.0, length=1e-7, model="kinematic", **parameters):
    """A network of Table I's devices with another leak, track and law; the pillar is 1 µm wide or all of the track."""
    design = Design.model_validate({"name": "free", "network": {"neurons": neurons, "weight_style": "lines"}})
    network = ideal_network(design, design.load_process())
    materials = {} if model == "kinematic" else {"lande_factor": 2.1, "saturation_magnetization": MAGNETIZATION}
    width = min(length, 1e-6)
    return network.with_devices(leak=leak, length=length, pillar_centre=length / 2, pillar_width=width).with_dynamics(
        model, **materials, **parameters
    )


def quiet(network, time, *, temperature=300.0, start=0.5, seed=1, **noise):
    """A protocol without any voltage, all walls at ``start``, for a time at a temperature."""
    n = network.neurons
    return Protocol(
        v_dw=0.0, v_charge=0.0, weight=0.0, levels=np.zeros((n, n)), initial=np.full(network.devices, start),
        time_limit=time, noise=ThermalNoise(temperature, seed=seed, **noise),
    )  # fmt: skip


def diffusion(temperature, damping, wall_width):
    """D = k_B T γΔ/(2 α M_s A) in m²/s of Table I's track."""
    return BOLTZMANN * temperature * GAMMA * wall_width / (2 * damping * MAGNETIZATION * AREA)
