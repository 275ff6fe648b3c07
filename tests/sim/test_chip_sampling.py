"""Made chips: closed forms for spreads and correlations, the device's own formulas, defects, what is refused.

Statistical bounds are for a confidence of 99.9 % at the least; the seeds are fixed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import layouts
import sim
from hwlib.design import Design
from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.operating_point import nominal_track
from hwlib.schematic import ideal_network
from hwlib.sections.variation_fields import DeviceSpreads, FactorSpread, VariationFields
from sim.chip_sampling import displaced, normal_scores
from sim.dynamics import dynamics_of

SURE = stats.norm.ppf(1 - 0.001 / 2)


@pytest.fixture(scope="module")
def nominal():
    design = Design(name="nominal", process="copper_thick", network={"neurons": 4})
    return design, ideal_network(design, design.load_process())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    design = Design(name="drawn", process="copper_thick", network={"neurons": 3})
    path = layouts.write_layout(layouts.hopfield(design, design.load_process()), tmp_path_factory.mktemp("d") / "d.oas")
    return design, extract(path, design.load_process(), design)


def chip(network, design, number=0, **fields):
    return sim.sampled_chip(network, design.load_process(), VariationFields(chip=number, **fields)).validate()


def within_variance(samples, wanted):
    """Whether a sample's variance is one of a normal population's with this variance."""
    low, high = stats.chi2.ppf([0.0005, 0.9995], len(samples) - 1) / (len(samples) - 1)
    return low <= samples.var(ddof=1) / wanted <= high


@pytest.mark.parametrize("die", [0.0, 0.4])
def test_spread_of_a_parallel_conductance(nominal, die):
    """M lognormals in parallel: E G = M e^{s²/2}/R, Var G = M e^{s²}(e^{s²} − 1 + (M − 1)(e^{ρs²} − 1))/R²."""
    design, network = nominal
    s, m, chips = 0.1, network.devices, 700
    spread = {"resistance_area": {"sigma": s, "die": die}}
    found = np.array([(1 / chip(network, design, k, spreads=spread).r_p).sum() for k in range(chips)])
    r = network.r_p[0]
    mean = m * np.exp(s**2 / 2) / r
    variance = m * np.exp(s**2) * (np.expm1(s**2) + (m - 1) * np.expm1(die * s**2)) / r**2
    assert abs(found.mean() - mean) < SURE * np.sqrt(variance / chips)
    assert within_variance(found, variance)


def test_devices_of_a_row_and_of_a_die_have_their_share_in_common(nominal):
    _, network = nominal
    spread, rng = FactorSpread(sigma=0.1, die=0.2, row=0.5), np.random.default_rng(4)
    scores = np.array([normal_scores(network, spread, rng) for _ in range(4000)])
    found, wanted = np.corrcoef(scores.T), np.where(network.post[:, None] == network.post, 0.7, 0.2)
    np.fill_diagonal(wanted, 1.0)
    pairs = np.triu_indices(network.devices, 1)
    z = (np.arctanh(found[pairs]) - np.arctanh(wanted[pairs])) * np.sqrt(len(scores) - 3)
    assert abs(z).max() < stats.norm.ppf(1 - 0.0005 / len(z)), "Fisher's transform, all pairs together"
    assert abs(scores.mean()) < 0.1 and within_variance(scores[:, 3], 1.0)


def test_neighbours_are_alike_and_far_devices_are_not(nominal):
    _, network = nominal
    placed = replace(network, device_x=1e-6 * network.pre, device_y=2e-6 * network.post)
    spread, rng = FactorSpread(sigma=0.1, neighbourhood=0.9, length=2e-6), np.random.default_rng(5)
    scores = np.array([normal_scores(placed, spread, rng) for _ in range(4000)])
    distance = sum(abs(np.subtract.outer(place, place)) for place in (placed.device_x, placed.device_y))
    pairs = np.triu_indices(network.devices, 1)
    wanted = 0.9 * np.exp(-distance[pairs] / 2e-6)
    z = (np.arctanh(np.corrcoef(scores.T)[pairs]) - np.arctanh(wanted)) * np.sqrt(len(scores) - 3)
    assert abs(z).max() < stats.norm.ppf(1 - 0.0005 / len(z))
    assert wanted.max() > 0.5 and wanted.min() < 0.05


@pytest.mark.parametrize(
    ("spread", "law"),
    [
        (FactorSpread(sigma=0.2), stats.norm()),
        (FactorSpread(sigma=0.2, truncate=1.5), stats.truncnorm(-1.5, 1.5)),
        (FactorSpread(sigma=0.2, distribution="normal", truncate=2.0), stats.truncnorm(-2, 2)),
        (FactorSpread(sigma=0.2, distribution="uniform"), stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))),
    ],
)
def test_displacements_have_their_distribution(spread, law):
    found = displaced(spread, np.random.default_rng(6).standard_normal(4000))
    assert stats.kstest(found, law.cdf).pvalue > 0.001


def test_what_varies_is_what_the_device_s_formulas_say(nominal):
    """Each device of a chip is one described with its own values."""
    design, network = nominal
    process, given = design.load_process(), design.device.model_dump()
    for name, field in (
        ("width", "track_width"), ("resistance_area", "resistance_area"), ("tmr", "tmr"),
        ("saturation_magnetization", "saturation_magnetization"),
    ):  # fmt: skip
        made = chip(network, design, 2, spreads={name: {"sigma": 0.2}})
        measured = {
            "width": made.area / network.area, "resistance_area": made.r_p / network.r_p,
            "tmr": (made.r_ap / made.r_p - 1) / (network.r_ap / network.r_p - 1),
            "saturation_magnetization": network.mobility / made.mobility,
        }[name]  # fmt: skip
        assert np.std(np.log(measured)) > 0.1
        for k in (0, 7):
            device = Device.model_validate({**given, field: given[field] * measured[k]})
            mobility, r_m = nominal_track(design.model_copy(update={"device": device}), process)
            wanted = (device.r_p, device.r_ap, r_m, mobility)
            assert (made.r_p[k], made.r_ap[k], made.r_m[k], made.mobility[k]) == pytest.approx(wanted, rel=1e-12)
    thick = chip(network, design, 2, spreads={"thickness": {"sigma": 0.2}})
    factor = thick.area / network.area
    np.testing.assert_allclose(thick.r_m * factor, network.r_m)
    np.testing.assert_allclose(thick.mobility * factor, network.mobility)
    np.testing.assert_array_equal(thick.r_p, network.r_p)
    leak = chip(network, design, 2, spreads={"leak": {"sigma": 0.5}}).leak
    assert (np.sign(leak) == np.sign(network.leak)).all() and len(set(leak.tolist())) == network.devices
    moved = chip(network, design, 2, spreads={"pillar_place": {"sigma": "2 nm"}}).pillar_centre - network.pillar_centre
    assert 1e-9 < moved.std() < 3e-9 and abs(moved).max() <= 6e-9


def test_a_spread_leaves_the_numbers_of_others_alone(nominal):
    design, network = nominal
    one = chip(network, design, 5, spreads={"tmr": {"sigma": 0.1}})
    both = chip(network, design, 5, spreads={"tmr": {"sigma": 0.1}, "leak": {"sigma": 0.1}}, defects={"stuck_on": 0.1})
    np.testing.assert_array_equal(one.r_ap, both.r_ap)
    assert (chip(network, design, 6, spreads={"tmr": {"sigma": 0.1}}).r_ap != one.r_ap).all()
    none = chip(network, design, 5)
    for name in ("r_p", "r_ap", "r_m", "mobility", "leak", "area", "pillar_centre"):
        np.testing.assert_allclose(getattr(none, name), getattr(network, name), rtol=1e-15)


def test_defects_come_as_often_as_they_should(nominal):
    design, network = nominal
    defects = {"stuck_off": 0.1, "stuck_on": 0.05, "shorted_pillars": 0.08, "open_pillars": 0.02}
    counts, chips = dict.fromkeys(defects, 0), 400
    for k in range(chips):
        made = chip(network, design, k, defects=defects)
        still = made.mobility < 1e-3 * network.mobility
        counts["stuck_off"] += int((still & (made.leak < 0)).sum())
        counts["stuck_on"] += int((still & (made.leak > 0)).sum())
        counts["shorted_pillars"] += int((made.r_ap == 10.0).sum())
        counts["open_pillars"] += int((made.r_p == 1e9).sum())
    for name, share in defects.items():
        low, high = stats.binom.ppf([0.0001, 0.9999], chips * network.devices, share)
        assert low <= counts[name] <= high, name


def test_stuck_walls_stay_where_they_are_stuck(nominal):
    design, network = nominal
    design = design.model_copy(update={"task": design.task.model_copy(update={"trials": 3})})
    made = chip(network, design, 1, defects={"stuck_off": 0.2, "stuck_on": 0.2})
    still = made.mobility < 1e-3 * network.mobility
    found = sim.run_task(made, design, design.load_process())["wall_final"].values / network.length
    on = still & (made.leak > 0)
    assert on.any() and (still & ~on).any()
    assert (found[:, on] == 1).all() and (found[:, still & ~on] == 0).all()


def test_wires_and_vias_vary_by_layer(drawn):
    design, network = drawn
    process = design.load_process()
    made = chip(network, design, 3, spreads={"sheet_resistance": {"sigma": 0.1, "die": 1.0}})
    ratio = made.resistor_ohm / network.resistor_ohm
    for k, layer in enumerate(network.layers):
        of_layer = ratio[network.resistor_layer == k]
        if len(of_layer):
            assert np.ptp(of_layer) < 1e-12
            assert (abs(of_layer[0] - 1) > 1e-4) == (process.layers[layer].kind == "conductor"), layer
    made = chip(network, design, 3, spreads={"via_resistance": {"sigma": 0.1}}, defects={"broken_wires": 0.01})
    vias = np.isin(network.resistor_layer, [k for k, n in enumerate(network.layers) if process.layers[n].kind == "via"])
    broken = made.resistor_ohm == 1e9
    assert vias.any() and ((made.resistor_ohm != network.resistor_ohm) == (vias | broken)).all() and broken.any()


@pytest.mark.parametrize(
    ("spread", "message"),
    [
        ({"sigma": 0.1, "distribution": "normal"}, "never ends: give truncate"),
        ({"sigma": 0.4, "distribution": "normal", "truncate": 3}, "reaches 1.2"),
        ({"sigma": 0.6, "distribution": "uniform"}, "reaches 1.039"),
        ({"sigma": 0.1, "die": 0.7, "row": 0.5}, "their sum is 1.2"),
        ({"sigma": -0.1}, "must be at least 0"),
    ],
)
def test_spreads_that_are_none(spread, message):
    with pytest.raises(InputError, match=message):
        VariationFields(spreads={"resistance_area": spread})


def test_what_a_network_cannot_have(nominal, drawn):
    design, network = nominal
    for fields, message in (
        ({"spreads": {"sheet_resistance": {"sigma": 0.1}}}, "sheet_resistance: the network has ideal wires"),
        ({"defects": {"broken_wires": 0.1}}, "broken_wires: the network has ideal wires"),
        ({"spreads": {"tmr": {"sigma": 0.1, "neighbourhood": 0.5}}}, "tmr: neighbourhood needs places"),
        ({"spreads": {"pillar_place": {"sigma": "20 nm"}}}, "pillars by up to 60 nm, 40 nm are left"),
    ):
        with pytest.raises(InputError, match=message):
            chip(network, design, **fields)
    with pytest.raises(
        InputError, match="stuck_on: only walls of the law kinematic can be stuck, these are collective"
    ):
        chip(network.with_dynamics("collective"), design, defects={"stuck_on": 0.1})
    assert chip(drawn[1], drawn[0], spreads={"tmr": {"sigma": 0.1, "neighbourhood": 0.5}}).r_ap.std() > 0
    with pytest.raises(InputError, match="die alone"):
        VariationFields(spreads={"via_resistance": {"sigma": 0.1, "row": 0.5}})


def test_walls_of_another_law_vary_as_the_paper_s(nominal):
    """A free collective wall at β = α settles to k·I + v_leak: on every chip of its own k and leak (0.1 %)."""
    design, network = nominal
    fields = {"spreads": {name: {"sigma": 0.2} for name in ("saturation_magnetization", "leak", "width", "thickness")}}
    law = {"saturation_magnetization": 8e5, "damping": 0.1}
    made, plain = (
        chip(network.with_dynamics("collective", **law), design, 4, **fields),
        chip(network, design, 4, **fields),
    )
    for name in ("mobility", "leak", "area", "r_m"):
        np.testing.assert_array_equal(getattr(made, name), getattr(plain, name))
    current = 2e-5 * np.ones(network.devices)
    found, wanted = (dynamics_of(each).steady_velocity(current) for each in (made, plain))
    assert np.std(wanted) > 0.1 * np.mean(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-3)
    m_s = network.with_dynamics("collective", **law), {"spreads": {"saturation_magnetization": {"sigma": 0.2}}}
    only = chip(m_s[0], design, 4, **m_s[1])
    np.testing.assert_allclose(only.dynamics.values["saturation_magnetization"] * only.mobility, 8e5 * network.mobility)


def test_typical_spreads_are_complete_and_say_where_they_are_from(nominal):
    spreads = VariationFields(spreads=dict.fromkeys(DeviceSpreads.model_fields, "typical")).spreads
    for name in DeviceSpreads.model_fields:
        found = getattr(spreads, name)
        assert found.sigma > 0 and found.source, name
        assert found.source.startswith("estimate") or any(year in found.source for year in ("2013", "SG13G2")), name
    with pytest.raises(InputError, match="width"):
        VariationFields(spreads={"width": "usual"})
    with pytest.raises(InputError, match=r"spreads\.leek: unknown key, did you mean 'leak'"):
        VariationFields(spreads={"leek": "typical"})
    design, network = nominal
    typical, written = ({"width": one} for one in ("typical", {"sigma": 0.04}))
    one, two = (chip(network, design, 2, spreads=each) for each in (typical, written))
    np.testing.assert_array_equal(one.area, two.area)


@pytest.mark.parametrize("name", ["sheet_resistance", "via_resistance"])
def test_wires_share_with_their_die_what_is_asked(drawn, name):
    """Variance over pieces within a chip is (1 − die)·σ², over chips' means die·σ² (χ², 99.9 % each)."""
    design, network = drawn
    process, sigma, die, chips = design.load_process(), 0.1, 0.4, 150
    kind = {"sheet_resistance": "conductor", "via_resistance": "via"}[name]
    layer = next(k for k, n in enumerate(network.layers) if process.layers[n].kind == kind and
                 (network.resistor_layer == k).sum() > 5)  # fmt: skip
    of = network.resistor_layer == layer
    spreads = {name: {"sigma": sigma, "die": die}}
    scores = np.array([np.log(chip(network, design, k, spreads=spreads).resistor_ohm[of] / network.resistor_ohm[of])
                       for k in range(chips)])  # fmt: skip
    count = of.sum()
    low, high = stats.chi2.ppf([0.0005, 0.9995], chips * (count - 1)) / (chips * (count - 1))
    assert low < scores.var(axis=1, ddof=1).mean() / ((1 - die) * sigma**2) < high
    assert within_variance(scores.mean(axis=1), (die + (1 - die) / count) * sigma**2)


def test_wires_break_as_often_as_they_should(drawn):
    design, network = drawn
    share, chips = 0.02, 60
    found = [chip(network, design, k, defects={"broken_wires": share}).resistor_ohm == 1e9 for k in range(chips)]
    low, high = stats.binom.ppf([0.0005, 0.9995], chips * len(network.resistor_ohm), share)
    assert low <= np.sum(found) <= high


@pytest.mark.parametrize("name", [*DeviceSpreads.model_fields][:7])
def test_every_spread_of_devices_has_its_deviation_and_its_die(nominal, name):
    """Of (log) values over many chips: mean 0, σ² of which the die's share is between chips (χ² and normal, 99.9 %)."""
    design, network = nominal
    sigma, die, chips = (2e-9 if name == "pillar_place" else 0.1), 0.3, 250
    spreads = {name: {"sigma": sigma, "die": die} | ({"truncate": 8} if name == "pillar_place" else {})}
    drawn = [VariationFields(seed=8, chip=k, spreads=spreads) for k in range(chips)]
    found = np.array([sim.sampled_values(network, design.load_process(), each)[name] for each in drawn])
    values = found if name == "pillar_place" else np.log(found)
    count = network.devices
    within = values.var(axis=1, ddof=1).mean() / ((1 - die) * sigma**2)
    low, high = stats.chi2.ppf([0.0005, 0.9995], chips * (count - 1)) / (chips * (count - 1))
    assert low < within < high
    of_means = (die + (1 - die) / count) * sigma**2
    assert within_variance(values.mean(axis=1), of_means)
    assert abs(values.mean()) < SURE * np.sqrt(of_means / chips)
