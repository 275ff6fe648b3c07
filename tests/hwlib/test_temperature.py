"""Values at a temperature: published resistivities and TMR, Bloch's law, extraction of a process written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

import layouts
import sim
from hwlib.design import Design
from hwlib.device import BOHR_MAGNETON, BOLTZMANN, ELEMENTARY_CHARGE, REDUCED_PLANCK, Device
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.metal_resistance import largest_coefficient, phonon_resistance, phonon_slope, resistance_ratio
from hwlib.process import Process, load_process, preset_names
from hwlib.schematic import ideal_network
from hwlib.temperature import at_temperature, tmr_at, warm_device

# CRC Handbook of Chemistry and Physics, electrical resistivity of pure metals, 1e-8 Ω·m
COPPER = {80: 0.215, 100: 0.348, 150: 0.699, 200: 1.046, 273: 1.543, 300: 1.725, 400: 2.402, 500: 3.090}
ALUMINIUM = {100: 0.442, 150: 1.006, 200: 1.587, 273: 2.417, 300: 2.733, 400: 3.87, 500: 4.99}


def warm(temperature, process="copper_thick", neurons=3, **device):
    return Design.model_validate({
        "name": "warm", "process": process, "network": {"neurons": neurons}, "device": device,
        "operating_point": {"temperature": temperature, "load": 16e-9}, "task": {"time_limit": 1e-7},
    })  # fmt: skip


@pytest.mark.parametrize(("table", "debye"), [(COPPER, 343.0), (ALUMINIUM, 428.0)])
def test_pure_metals_have_their_published_resistivity(table, debye):
    pure = largest_coefficient(debye, 300.0)
    for temperature, resistivity in table.items():
        found = resistance_ratio(pure, debye, 300.0, float(temperature))
        assert abs(found - resistivity / table[300]) < 0.04 * max(resistivity / table[300], 0.5), temperature
    assert 0 <= resistance_ratio(pure, debye, 300.0, 0.1) < 1e-6


def test_the_phonons_resistance_has_its_limits_and_its_slope():
    assert phonon_resistance(0.02) == pytest.approx(124.4313306 * 0.02**5, rel=1e-6)  # 5!·ζ(5)·t⁵
    assert phonon_resistance(30.0) == pytest.approx(30.0 / 4, rel=1e-4)
    for t in (0.1, 0.5, 0.874, 2.0):
        numeric = (phonon_resistance(t * 1.0001) - phonon_resistance(t / 1.0001)) / (t * (1.0001 - 1 / 1.0001))
        assert phonon_slope(t) == pytest.approx(numeric, rel=1e-5)
    assert phonon_slope(1 / 3000) == pytest.approx(5 * 124.4313306 / 3000**4, rel=1e-6)  # where eˣ is no float
    assert resistance_ratio(3.5e-3, 428.0, 300.0, 301.0) == pytest.approx(1.0035, abs=1e-5)


def test_presets_stay_near_the_linear_law_that_their_kits_print():
    """Over 233 to 398 K, the range of such kits: within 1.5 % of 1 + a·ΔT."""
    for name in preset_names():
        for layer in load_process(name).layers.values():
            a = layer.temperature_coefficient
            for temperature in (233.0, 398.0):
                found = resistance_ratio(a, layer.debye_temperature, 300.0, temperature)
                assert found == pytest.approx(1 + a * (temperature - 300), rel=0.015), (name, temperature)


def test_tmr_falls_as_measured():
    """604 % at 300 K is 1144 % at 5 K: Ikeda et al. (2008); so 220 % is 300 % at 4 K: Parkin et al. (2004), ±5 %."""
    assert tmr_at(Device(tmr=6.04), 5.0) == pytest.approx(11.44, rel=0.01)
    assert tmr_at(Device(tmr=2.20), 4.0) == pytest.approx(3.00, rel=0.05)  # Nat. Mater. 3, 862
    assert tmr_at(Device(), 400.0) < 3.0 == pytest.approx(tmr_at(Device(), 300.0), rel=1e-12)


@pytest.mark.parametrize("given", [{}, {"r_parallel": 700.0, "r_antiparallel": 2100.0}])
def test_devices_at_a_temperature(given):
    """M_s by Bloch's law; the velocity per current with it; D/T as 1/M_s; R_P and leak stay."""
    cold, hot = (ideal_network(warm(t, **given), load_process("copper_thick")) for t in (300.0, 450.0))
    ratio = (1 - (450 / 1120) ** 1.5) / (1 - (300 / 1120) ** 1.5)
    np.testing.assert_allclose(hot.mobility / cold.mobility, 1 / ratio)
    k = 2.1 * BOHR_MAGNETON * 0.7 / (2 * ELEMENTARY_CHARGE * 8e5 * ratio * 50e-18)
    np.testing.assert_allclose(hot.mobility, k)
    np.testing.assert_array_equal(hot.r_p, cold.r_p)
    np.testing.assert_array_equal(hot.leak, cold.leak)
    tmr = cold.r_ap[0] / cold.r_p[0] - 1
    p = math.sqrt(tmr / (tmr + 2)) * (1 - 1.17e-5 * 450**1.5) / (1 - 1.17e-5 * 300**1.5)
    np.testing.assert_allclose(hot.r_ap / hot.r_p, (1 + p * p) / (1 - p * p))


def test_rules_use_the_values_at_temperature():
    """Λ = |v_leak| L/D with D = k_B T γ Δ/(2 α M_s(T) A), written out; V_DW auto is the centre of the window at T."""
    parameters = {"dynamics": {"parameters": {"damping": 0.1, "wall_width": "5 nm"}}}
    for temperature in (150.0, 450.0):
        design = warm(temperature, **parameters)
        process, network = design.load_process(), ideal_network(design, design.load_process())
        report = sim.judge(network, design, process)
        [hold] = [o for o in report.outcomes if o.rule == "thermal.hold"]
        m_s = 8e5 * (1 - (temperature / 1120) ** 1.5) / (1 - (300 / 1120) ** 1.5)
        gamma = 2.1 * BOHR_MAGNETON / REDUCED_PLANCK
        diffusion = BOLTZMANN * temperature * gamma * 5e-9 / (2 * 0.1 * m_s * 50e-18)
        assert hold.measured == pytest.approx(5.0 * 100e-9 / diffusion, rel=1e-9)
        leak = 5.0 / network.mobility[0]
        centre = leak * ((network.r_p[0] + network.r_ap[0]) / 2 * 2 + network.r_m[0])
        assert sim.v_dw_on(network, design, process).volts == pytest.approx(centre, rel=1e-12)
        assert sim.protocol_on(network, design, process).v_dw == pytest.approx(centre, rel=1e-12)


def test_without_a_temperature_at_zero_and_at_the_reference_nothing_changes():
    process = load_process("sky130")
    plain = ideal_network(Design(name="a", process="sky130", network={"neurons": 3}), process)
    for temperature in (0.0, 300.0):
        design = warm(temperature, "sky130")
        assert at_temperature(design, process) == (design, process)
        for name in ("r_p", "r_ap", "r_m", "mobility", "leak"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(ideal_network(design, process), name))
    hot = at_temperature(warm(400.0, "sky130"), process)
    assert hot[0].device.reference_temperature == hot[1].reference_temperature == 400.0
    assert at_temperature(*hot)[1] is hot[1] and at_temperature(*hot)[0] is hot[0], "nothing changes twice"


def test_wires_at_a_temperature_are_those_of_a_process_written_out(tmp_path):
    """Extraction at 400 K against extraction with each layer's number multiplied by hand, from two layouts' readers."""
    design = warm(400.0, "sky130", track_length="800 nm", pillar_width="160 nm")
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path / "d.oas")
    fields = process.model_dump(exclude_none=True)
    for layer in fields["layers"].values():
        ratio = resistance_ratio(layer["temperature_coefficient"], layer["debye_temperature"], 300.0, 400.0)
        for name in ("sheet_resistance", "contact_resistance"):
            if name in layer:
                layer[name] *= ratio
    found = extract(path, process, design)
    cold = extract(path, process, warm(300.0, "sky130", track_length="800 nm", pillar_width="160 nm"))
    wanted = extract(path, Process.model_validate(fields), cold_design(design))
    np.testing.assert_allclose(found.resistor_ohm, wanted.resistor_ohm, rtol=1e-12)
    ratio = found.resistor_ohm / cold.resistor_ohm
    assert ratio.min() >= 1 - 1e-12 and 1.25 < ratio.max() < 1.35
    np.testing.assert_array_equal(found.r_m, cold.r_m)


def cold_design(design):
    return design.model_copy(
        update={"operating_point": design.operating_point.model_copy(update={"temperature": 300.0})}
    )


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ({"bloch_temperature": "400 K"}, "450 K, but M_s is gone at bloch_temperature, 400 K"),
        ({"polarization_decay": 1.1e-4}, "less than or equal to 0.0001"),
        ({"polarization_decay": 1e-4, "bloch_temperature": "5000 K"}, None),
        ({"bloch_temperature": "200 K"}, "reference_temperature: 300 K, but M_s is gone"),
    ],
)
def test_temperatures_at_which_there_is_no_device(device, message):
    if message is None:
        assert warm_device(warm(450.0, **device).device, 450.0).tmr > 0
        return
    with pytest.raises(ValidationError, match=message):
        warm(450.0, **device)


@pytest.mark.parametrize(
    ("tmr", "kelvin", "fits"), [(13, 4.0, True), (16, 4.0, False), (16, 250.0, True), (50, 200.0, False)]
)
def test_a_tmr_that_no_electrodes_have(tmr, kelvin, fits):
    """P at 4 K is 1.065 of that at 300 K: above a TMR of 15 it would be more than 1, and R_AP negative."""
    assert at_temperature(warm(0.0, tmr=tmr), load_process("copper_thick"))[0].device.tmr == tmr  # where all stays
    if fits:
        assert warm_device(warm(kelvin, tmr=tmr).device, kelvin).tmr > tmr
        return
    with pytest.raises(
        ValidationError, match=f"{kelvin:g} K, but with polarization_decay no electrodes have a TMR of {tmr}"
    ):
        warm(kelvin, tmr=tmr)
    with pytest.raises(InputError, match="no electrodes have a TMR"):
        warm_device(Device(tmr=tmr), kelvin)


def test_coefficients_that_no_metal_has():
    fields = load_process("copper").model_dump(exclude_none=True)
    fields["layers"]["m2"]["temperature_coefficient"] = 4.2e-3
    with pytest.raises(ValidationError, match=r"0.0042, at most 0.003806 \(pure metal\)"):
        Process.model_validate(fields)
