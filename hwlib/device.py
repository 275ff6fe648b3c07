"""The four-terminal domain-wall magnetic tunnel junction (DW-MTJ): one description for layout and physics."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from hwlib.dynamics_data import Dynamics
from hwlib.strict_model import StrictModel
from hwlib.units import Quantity, Real

BOHR_MAGNETON = 9.2740100783e-24  # J/T, CODATA 2018
ELEMENTARY_CHARGE = 1.602176634e-19  # C, exact
REDUCED_PLANCK = 1.054571817e-34  # J·s, CODATA 2018
BOLTZMANN = 1.380649e-23  # J/K, exact

RESISTANCE = Quantity("ohm", 0.1, 1e9)
Ohms = Annotated[float, RESISTANCE]


class Device(StrictModel):
    """Geometry and materials of one DW-MTJ. Defaults are Table I of the paper.

    Track and pillar resistance follow from the drawn geometry: the track from the process's sheet resistance (or
    ``track_resistance``), the pillar from ``resistance_area`` and ``tmr`` (or ``r_parallel``/``r_antiparallel``).
    A value given in ohms holds for the nominal geometry here and scales with what is drawn.
    """

    track_length: Annotated[float, Quantity("m", 1e-9, 1e-5)] = Field(
        default=100e-9, description="L, between the end contacts; Table I"
    )
    track_width: Annotated[float, Quantity("m", 1e-9, 1e-6)] = Field(
        default=50e-9, description="Table I: A = 50 nm² at 1 nm thickness"
    )
    pillar_width: Annotated[float, Quantity("m", 1e-9, 1e-5)] = Field(
        default=20e-9, description="MTJ size along the track; Table I"
    )
    pillar_position: Real = Field(default=0.5, gt=0, lt=1, description="MTJ centre, fraction of L; Table I")
    lande_factor: Real = Field(default=2.1, ge=0.1, le=100, description="g; Table I")
    polarization: Real = Field(default=0.7, ge=0.001, le=1, description="P; Table I")
    saturation_magnetization: Annotated[float, Quantity("A/m", 1e3, 1e7)] = Field(
        default=8e5, description="M_s; Table I"
    )
    resistance_area: Annotated[float, Quantity("ohm*m^2", 1e-15, 1e-6)] = Field(
        default=0.5e-12, description="R_P × pillar area; gives Table I's 500 Ω at 20 nm × 50 nm"
    )
    tmr: Real = Field(
        default=3.0, ge=0.001, le=50, description="(R_AP − R_P)/R_P, no percentage; Table I's 2000 and 500 Ω"
    )
    r_parallel: Ohms | None = Field(default=None, description="R_P; overrides resistance_area")
    r_antiparallel: Ohms | None = Field(default=None, description="R_AP; overrides tmr")
    track_resistance: Ohms | None = Field(
        default=None, description="R_M end to end; overrides the process's track sheet resistance"
    )
    breakdown_voltage: Annotated[float, Quantity("V", 1e-3, 100)] = Field(
        default=1.0, description="tunnel-barrier breakdown, about 1 V for 1 nm MgO (Khan et al. 2008)"
    )
    read_noise: Real = Field(
        default=0.0, ge=0, le=10,
        description="with a temperature: standard deviation of a reading over the difference of P and AP",
    )  # fmt: skip

    reference_temperature: Annotated[float, Quantity("K", 1, 1000)] = Field(
        default=300.0, description="at which the device's values hold"
    )
    bloch_temperature: Annotated[float, Quantity("K", 100, 10_000)] = Field(
        default=1120.0,
        description="T* of M_s ∝ 1 − (T/T*)^1.5; CoFeB on MgO: Alzate et al., Appl. Phys. Lett. 104, 112410 (2014)",
    )
    polarization_decay: Real = Field(
        default=1.17e-5, ge=0, le=1e-4,
        description="a in K^-1.5 of the tunnelling polarisation ∝ 1 − a T^1.5; from TMR 604 % at 300 K and 1144 % at "
        "5 K: Ikeda et al., Appl. Phys. Lett. 93, 082508 (2008)",
    )  # fmt: skip
    dynamics: Dynamics = Dynamics()

    @model_validator(mode="after")
    def _consistent(self) -> Device:
        centre, half = self.pillar_position * self.track_length, self.pillar_width / 2
        slack = 1e-9 * self.track_length
        if centre - half < -slack or centre + half > self.track_length + slack:
            raise ValueError(
                f"pillar lies off the track: it spans {1e9 * (centre - half):.6g} to {1e9 * (centre + half):.6g} nm "
                f"of a track from 0 to {1e9 * self.track_length:.6g} nm"
            )
        if not RESISTANCE.low <= self.r_p <= RESISTANCE.high:
            raise ValueError(
                f"resistance_area over the pillar's area makes R_P {self.r_p:.6g} ohm, outside {RESISTANCE.range}"
            )
        if self.r_antiparallel is not None and self.r_antiparallel <= self.r_p:
            raise ValueError(
                f"r_antiparallel must exceed r_parallel: found {self.r_antiparallel:.6g} and {self.r_p:.6g} ohm"
            )
        if problem := self.problem_at(self.reference_temperature):
            raise ValueError(f"reference_temperature: {problem}")
        return self

    def problem_at(self, temperature: float) -> str | None:
        """Why the device has no M_s or no TMR at a temperature in K; None where it has."""
        if temperature >= self.bloch_temperature:
            return f"{temperature:.6g} K, but M_s is gone at bloch_temperature, {self.bloch_temperature:.6g} K"
        if self.polarization_decay * temperature**1.5 >= 1:
            end = self.polarization_decay ** (-2 / 3)
            return f"{temperature:.6g} K, but with polarization_decay the TMR is gone at {end:.6g} K"
        if self.polarization_at(temperature) >= 1:  # no electrode has more than all of its electrons
            tmr = self.r_ap / self.r_p - 1
            return f"{temperature:.6g} K, but with polarization_decay no electrodes have a TMR of {tmr:.6g} there"
        return None

    def polarization_at(self, temperature: float) -> float:
        """Polarisation P of the tunnelling electrons at a temperature in K, of the TMR as given.

        ``TMR = 2P²/(1 − P²)`` (Jullière, Phys. Lett. A 54, 225 (1975)) with ``P = P₀(1 − a T^{3/2})`` (Shang et al.,
        Phys. Rev. B 58, R2917 (1998)); both electrodes are alike.
        """
        tmr, decay = self.r_ap / self.r_p - 1, self.polarization_decay
        given = math.sqrt(tmr / (tmr + 2))
        return given * (1 - decay * temperature**1.5) / (1 - decay * self.reference_temperature**1.5)

    @property
    def pillar_area(self) -> float:
        """Nominal pillar area in m²: it spans the track's whole width."""
        return self.pillar_width * self.track_width

    @property
    def r_p(self) -> float:
        """Parallel resistance of the nominal pillar in Ω."""
        return self.r_parallel if self.r_parallel is not None else self.resistance_area / self.pillar_area

    @property
    def r_ap(self) -> float:
        """Antiparallel resistance of the nominal pillar in Ω."""
        return self.r_antiparallel if self.r_antiparallel is not None else self.r_p * (1 + self.tmr)

    @property
    def materials(self) -> dict[str, float]:
        """What a law of wall motion may need of the device, SI."""
        return {"lande_factor": self.lande_factor, "saturation_magnetization": self.saturation_magnetization}

    def track_sheet_resistance(self, process_sheet: float) -> float:
        """Sheet resistance of the track in Ω per square: given ``track_resistance`` wins over the process's."""
        if self.track_resistance is None:
            return process_sheet
        return self.track_resistance * self.track_width / self.track_length

    def mobility(self, area: float) -> float:
        """Domain-wall velocity per current, ``k = g µ_B P / (2 e M_s A)``, in m/s per A.

        Args:
            area: track cross-section in m².
        """
        return (
            self.lande_factor
            * BOHR_MAGNETON
            * self.polarization
            / (2 * ELEMENTARY_CHARGE * self.saturation_magnetization * area)
        )
