"""Collective coordinates: a wall has a place q and an angle φ of its magnetisation (the 1D model with spin transfer).

``(1 + α²) q̇ = α² v_leak + (1 + αβ) u + V_K sin 2φ`` and ``(1 + α²) Δ φ̇ = α v_leak + (β − α) u − α V_K sin 2φ``, with
u = k·I the spin-transfer velocity (adiabatic; β: non-adiabatic), V_K = γ µ₀H_K Δ/2, and the leak a force that alone
would move the wall by v_leak. An end of the track acts on q alone: a wall that it holds has
``α Δ φ̇ = −(V_K sin 2φ + u)``. Thiaville et al., Europhys. Lett. 69, 990 (2005); Schryer & Walker, J. Appl. Phys. 45,
5406 (1974). Perpendicular magnetisation; no spin-orbit torque and no Dzyaloshinskii-Moriya interaction: tracks on heavy
metals are not described.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwlib.device import BOHR_MAGNETON, REDUCED_PLANCK
from hwlib.network import Network
from sim.dynamics.law import StateVariable, WallDynamics
from sim.dynamics.parameter import DAMPING, WALL_WIDTH, Parameter
from sim.dynamics.pinning import PINNING


class Collective(WallDynamics):
    """A wall by its place and its angle; Walker breakdown above a threshold.

    Attributes:
        alpha, beta: damping and non-adiabaticity, shape (devices,).
        width: Δ in m.
        walker: V_K in m/s: the largest velocity that the hard-axis anisotropy can balance.
    """

    name: ClassVar[str] = "collective"
    meaning: ClassVar[str] = "collective coordinates (q, φ) with spin transfer and Walker breakdown"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        DAMPING,
        Parameter(
            "nonadiabatic_ratio", "1", 0.0, 100.0, 1.0, "β/α; at 1 a free wall settles to the kinematic law",
            "1 to 2: Thiaville et al., Europhys. Lett. 69, 990 (2005)",
        ),
        WALL_WIDTH,
        Parameter(
            "anisotropy_field", "T", 0.0, 10.0, 0.023, "µ₀H_K, hard axis in the plane",
            "ln 2/π·t·(1/Δ − 1/w)·µ₀M_s for Table I's track: Tarasenko et al., J. Magn. Magn. Mater. 189, 19 (1998)",
        ),
        Parameter("first_angle", "1", -np.pi, np.pi, 0.0, "φ at the beginning in rad", "a Bloch or Néel wall at rest"),
        Parameter("lande_factor", "1", 0.1, 100.0, 2.1, "g", "Table I", of_device=True),
        *PINNING,
    )  # fmt: skip
    states: ClassVar[tuple[StateVariable, ...]] = (StateVariable("angle", "rad", "angle of the wall's magnetisation"),)

    def __init__(self, network: Network):
        super().__init__(network)
        self.alpha, self.width = self.values["damping"], self.values["wall_width"]
        self.beta = self.alpha * self.values["nonadiabatic_ratio"]
        gamma = self.values["lande_factor"] * BOHR_MAGNETON / REDUCED_PLANCK
        self.walker = gamma * self.values["anisotropy_field"] * self.width / 2

    def first_state(self) -> np.ndarray:
        """φ at the beginning."""
        return self.values["first_angle"][None].copy()

    def _spin_transfer(self, current: np.ndarray) -> np.ndarray:
        return self.network.mobility * current

    def _anisotropy(self, state: np.ndarray) -> np.ndarray:
        return self.walker * np.sin(2 * state[0])

    def velocity(self, current: np.ndarray, state: np.ndarray) -> np.ndarray:
        """q̇ of free walls in m/s."""
        a, u = self.alpha, self._spin_transfer(current)
        return (a * a * self.network.leak + (1 + a * self.beta) * u + self._anisotropy(state)) / (1 + a * a)

    def state_rates(self, current: np.ndarray, state: np.ndarray, held: np.ndarray) -> np.ndarray:
        """φ̇ in rad/s."""
        a, u, turn = self.alpha, self._spin_transfer(current), self._anisotropy(state)
        free = (a * self.network.leak + (self.beta - a) * u - a * turn) / (1 + a * a)
        return (np.where(held, -(turn + u) / a, free) / self.width)[None]

    def diffusion(self, agitation: np.ndarray) -> np.ndarray:
        """Independent random forces on q and φ, of friction 2 α M_s A/(γΔ) and 2 α M_s AΔ/γ: D_φ = D_q/Δ²."""
        a = self.alpha
        of_place = np.sqrt(2 * agitation * self.width * a / (1 + a * a))
        return np.stack([of_place, of_place / self.width])

    def pushed(self, way: np.ndarray) -> np.ndarray:
        """An impulse on q alone turns φ by way/(αΔ): with it a held wall turns as ``state_rates`` says."""
        return (way / (self.alpha * self.width))[None]

    def quickest(self) -> np.ndarray:
        """α/(γ µ₀H_K) of a wall that an end holds; pinning."""
        return np.minimum(self.alpha * self.width / np.maximum(2 * self.walker, 1e-30), super().quickest())

    def under_force(
        self, speed: np.ndarray, rates: np.ndarray, force: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """As the leak enters."""
        a = self.alpha
        turning = a * force / ((1 + a * a) * self.width)
        return speed + a * a * force / (1 + a * a), rates + turning

    def at_rest(
        self, current: np.ndarray, state: np.ndarray, held: np.ndarray, rest_speed: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        """Free walls: place and angle both slow. Held ones: the angle, unless no angle would let the wall go."""
        a, u = self.alpha, self._spin_transfer(current)
        turning = np.abs(self.width * self.state_rates(current, state, held)[0])
        free = (np.abs(self.velocity(current, state)) < rest_speed) & (turning < rest_speed)
        always = np.abs(a * a * self.network.leak + (1 + a * self.beta) * u) > self.walker
        return np.where(held, always | (a * turning < rest_speed), free)

    def steady_velocity(self, current: np.ndarray) -> np.ndarray:
        """Below breakdown v_leak + (β/α)·u; above it less what the turning wall loses."""
        ratio, u, leak = self.values["nonadiabatic_ratio"], self._spin_transfer(current), self.network.leak
        push = leak + (ratio - 1) * u
        lost = np.sqrt(np.maximum(push**2 - self.walker**2, 0.0)) / (1 + self.alpha**2)
        return leak + ratio * u - np.sign(push) * lost

    def balance(self) -> np.ndarray:
        """``−v_leak/(k β/α)``; beyond all bounds without non-adiabaticity."""
        return super().balance() / np.maximum(self.values["nonadiabatic_ratio"], 1e-9)

    def fastest(self, current: np.ndarray) -> np.ndarray:
        """Leak, spin transfer and anisotropy all one way."""
        a, u = self.alpha, np.abs(self._spin_transfer(current))
        return (a * a * np.abs(self.network.leak) + (1 + a * self.beta) * u + self.walker) / (1 + a * a)
