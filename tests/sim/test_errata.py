"""Every number in bold on the errata page, computed again."""

from math import comb
from pathlib import Path

import numpy as np
import pytest

from hwlib.operating_point import leak_current, nominal_track, v_dw_eq4, v_dw_window
from sim.tasks import comparison
from sim.tasks.estimate import authors_estimate
from sim.tasks.setup import paper_design

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "errata.md").read_text(encoding="utf-8")
CUTS = (505, 493, 497, 496, 499, 475, 504, 487, 481, 502)
OPTIMA = (536, 532, 529, 538, 527, 533, 531, 535, 530, 533)
DATA_OPTIMUM = np.array((17.35, 64.25, 139.65, 243.2, 374.85, 532.25))
DATA_NETWORK = np.array((15.95, 57.8, 126.35, 220.35, 340.75, 491.75))
DATA_HALF = np.array((12.65, 51.25, 111.95, 197.45, 312.85, 451.0))


def entry(number):
    start = PAGE.index(f"## {number}. ")
    end = PAGE.find("\n## ", start)
    return " ".join(PAGE[start : end if end > 0 else None].split())


def estimate(neurons=60, **changes):
    design = paper_design(neurons, **changes)
    return authors_estimate(design, design.load_process())


@pytest.fixture(scope="module")
def volts():
    design = paper_design(60)
    k, r_m = nominal_track(design, design.load_process())
    leak = leak_current(-5.0, k)
    return lambda n: (v_dw_eq4(n, leak, 500, 2000), v_dw_window(n, leak, 500, 2000, r_m))


def test_equation_4(volts):
    eq4, window = volts(60)
    assert f"**{eq4:.4f} V**" in entry(1) and f"**{window.low:.3f} to {window.high:.3f} V**" in entry(1)
    assert f"**{window.centre:.4f} V**" in entry(1)
    eq4, window = volts(3)
    assert f"**{1e3 * eq4:.2f} mV**" in entry(1) and f"**{1e3 * window.low:.2f} mV**" in entry(1)
    assert not window.contains(eq4)
    eq4, window = volts(2)
    assert f"({1e3 * eq4:.2f} mV against {1e3 * window.low:.2f} mV)" in entry(1)


def test_energy_delay_products():
    assert f"**{3.60 * 81.2:.0f} aJ·s**" in entry(2)
    for v_charge in (0.1, 0.25):
        energy = 1e9 * estimate(weight=0.04, v_charge=v_charge).energy(102e-9)
        assert f"{energy:.3f} nJ" in entry(2) and f"**{energy * 102:.0f} aJ·s**" in entry(2)


def test_comparisons_in_percent():
    assert f"**{100 * 17.4 / 72:.1f} %**" in entry(4) and f"**{100 * (1 - 17.4 / 72):.1f} %**" in entry(4)
    assert f"**{100 * (600 / 344 - 1):.1f} %**" in entry(5) and f"**{100 * (1 - 344 / 600):.1f} %**" in entry(5)
    assert f"**{100 * (33 / 17.4 - 1):.1f} %**" in entry(6)


def test_worst_cases():
    recall = estimate()
    assert f"**{5.23e3 / 44.3:.0f} ns**" in entry(7)
    assert f"**{1e9 * recall.time(5.23e-9):.1f} ns**" in entry(7)
    power = recall.power(344e-9)
    assert f"{1e3 * power:.2f} mW × **941 ns** gives {1e9 * power * 941e-9:.1f} nJ" in entry(7)
    assert f"**{1e9 * recall.energy(941e-9):.1f} nJ**" in entry(7)


def test_load_phase_of_max_cut():
    e = estimate()
    assert f"**{1e9 * e.load_time:.1f} ns** at **{1e3 * e.load_power:.1f} mW**" in entry(8)
    without = 344e-9 * e.run_power
    assert f"{1e3 * e.run_power:.1f} mW = **{1e9 * without:.2f} nJ**" in entry(8)
    assert f"{100 * (without / float(e.energy(344e-9)) - 1):.1f} % more" in entry(8)


def test_power_at_100_neurons():
    assert f"**{11.04 / 78.14 * 1e3:.0f} mW**" in entry(9)
    spins = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1)
    assert f"**{np.mean(spins.sum(0) ** 2):.0f} W²**" in entry(9)


def test_memristor_repeats():
    assert f"**{100 * sum(CUTS) / sum(OPTIMA):.1f} %**" in entry(11)
    many, few = (comparison.memristor_to_success(p) for p in (0.3, 0.4))
    assert f"**{comparison.repeats(0.3)} runs** at 30 %, or **{comparison.repeats(0.4)}** at 40 %" in entry(11)
    assert (
        f"{1e6 * many.time:.1f} or {1e6 * few.time:.1f} µs, {1e9 * many.energy:.0f} or {1e9 * few.energy:.0f} nJ"
        in entry(11)
    )


def test_random_halving():
    sizes = np.arange(10, 61, 10)
    expected = sizes**2 / 8
    assert f"**{', '.join(f'{x:g}' for x in expected)}**" in entry(12)
    assert ", ".join(f"{x}" for x in DATA_HALF) in entry(12)
    assert np.max(abs(DATA_HALF / expected - 1)) < 0.03


def test_mean_distance():
    assert f"**{100 * np.mean(1 - DATA_NETWORK / DATA_OPTIMUM):.2f} %**" in entry(13)


def test_ties():
    for n in (8, 28):
        assert f"**{100 * comb(n, n // 2) / 2**n:.0f} %** at N = {n}" in entry(14)
