"""Numbers of the rules by hand: measured, required and margin, and what is said of them."""

import itertools
import json
import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import stored_patterns
from sim.rules import Limits, OperatingPointReport, Outcome, Place, check_operating_point, rule_names
from sim.rules.cases import Cases
from sim.rules.outcome import above, below
from tests.support.rule_bench import MOBILITY, Bench

# Eight neurons of Table I, R_P 500 Ω, R_AP and R_M 2 kΩ, W = V_C = 0.1 V, seven axons a soma

LEAK, SOMA_LEAK = 5 / MOBILITY, 0.2 / MOBILITY  # A
DECIDING = 0.1 * (1 / 500 - 1 / 2000) / 29  # A: a flip of 150 µA, divided by R_M·ΣG + 1 = 2000·7/500 + 1
LOADED = 60e-9 / (MOBILITY * 0.1 / 2000 + 0.2) + 60e-9 / (5 * 21 / 22)  # s
ALL_OFF = 0.1 / 8 / 2000  # A: one weight too many of seven, against seven R_AP and the track, all 2 kΩ
BY_HAND = [  # rule, measured, required, margin; V_DW is 10 750 Ω · LEAK, in the middle between 5 500 and 16 000
    ("vdw.window", 10750 * LEAK, 5500 * LEAK, 21 / 43),
    ("vdw.eq4", 8750 * LEAK, 5500 * LEAK, 13 / 35),
    ("leak.axon_sign", -5.0, 0.0, 1.0),
    ("leak.axon_size", LEAK, 43 / 64 * LEAK, 21 / 64),
    ("leak.axon_time", 100e-9 / (5 * 21 / 64), 2e-6, 20 * 5 * 21 / 64 - 1),
    ("leak.soma", SOMA_LEAK, DECIDING, 1 - SOMA_LEAK / DECIDING),
    ("leak.load", 5e-5, SOMA_LEAK, 5e-5 / SOMA_LEAK - 1),
    ("leak.load_any", 5e-5, SOMA_LEAK, 5e-5 / SOMA_LEAK - 1),
    ("leak.time", 0.5e-6, 2e-6, 3.0),
    ("load.time", LOADED, 2e-6, 2e-6 / LOADED - 1),
    ("drive.pattern", 43 / 64 * LEAK, LEAK, 21 / 64),
    ("state.inverse", 43 / 64 * LEAK, LEAK, 21 / 64),
    ("state.all_off", ALL_OFF, -SOMA_LEAK, ALL_OFF / SOMA_LEAK + 1),
    # one dendrite at +V_C of those with two of the 26 axons on the open rail of +W, all others at −V_C
    ("barrier.voltage", 0.2 * 24 / 26, 1.0, 1 - 0.2 * 24 / 26),
    ("barrier.load_any", 0.2 * 24 / 26, 1.0, 1 - 0.2 * 24 / 26),
    ("current.track", 1e12, 1e12, 0.0),
    ("current.load_any", 1e12, 1e12, 0.0),
]


@pytest.mark.parametrize(("rule", "measured", "required", "margin"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_numbers_of_every_rule_by_hand(rule, measured, required, margin):
    found = Bench(8).outcome(rule)
    assert found.measured == pytest.approx(measured, rel=1e-9, abs=0)
    assert found.required == pytest.approx(required, rel=1e-9, abs=0)
    assert found.margin == pytest.approx(margin, rel=1e-9, abs=1e-12)


def test_units_severities_and_states_of_every_rule():
    """What fails a check, and what is only said."""
    bench = Bench(8).place_devices()
    bench.network = replace(bench.network, net_capacitance=np.full(len(bench.network.net_names), 1e-15))
    on, off = "somas P, all axons ON", "somas AP, dendrites lowest"
    load, pattern = "load, worst start, somas P, axons ON", "every wall as in pattern 0"
    assert {o.rule: (o.unit, o.severity, o.state) for o in bench.report().outcomes if ", start of" not in o.state} == {
        "vdw.window": ("V", "error", "all somas P"), "vdw.eq4": ("V", "warning", "all somas P / all AP"),
        "leak.axon_sign": ("m/s", "error", ""), "leak.axon_size": ("A", "error", off),
        "leak.axon_time": ("s", "error", "somas AP, weights on"),
        "leak.soma": ("A", "error", "all axons ON, dendrite balanced"),
        "leak.load_any": ("A", "warning", f"{load}, −V_C"), "leak.time": ("s", "warning", "dendrite balanced"),
        "drive.pattern": ("A", "error", pattern),
        "drive.release": ("A", "warning", "release of trial 19"),
        "drive.path": ("A", "warning", "ideal end of trial 0, axons settled as drawn"),
        "state.inverse": ("A", "warning", pattern), "state.all_off": ("A", "warning", "every wall OFF"),
        "barrier.load_any": ("V", "warning", load), "current.load_any": ("A/m^2", "warning", load),
        "rc.time": ("s", "warning", "somas AP, all axons OFF"), "power.density": ("K", "warning", on),
    }  # fmt: skip
    for rule, unit, state in (("leak.load", "A", ""), ("load.time", "s", ", walls OFF at first")):
        found = bench.outcome(rule)
        assert (found.unit, found.severity) == (unit, "error")
        assert re.fullmatch(rf"load, start of trial \d{state}", found.state)


@pytest.mark.parametrize(("leak", "margin"), [(-2.0, 0.4), (-5.0, 1.0), (-10.0, 0.5), (0.0, -1.0), (3.0, -1.0)])
def test_sign_of_an_axon_leak_is_judged_by_the_least_one(leak, margin):
    """Relative to the largest of all, where the others are −5 m/s."""
    bench = Bench(8)
    leaks = bench.network.leak.copy()
    leaks[3 * 8 + 5] = leak
    bench.network = bench.network.with_devices(leak=leaks)
    found = bench.outcome("leak.axon_sign")
    assert found.margin == pytest.approx(margin, rel=1e-12) and found.measured == max(leak, -5.0)
    assert found.required == 0 and (leak <= -5 or found.place.name == "axon 5→3")


@pytest.mark.parametrize(("factor", "end", "margin"), [
    (14000, 16000, 1 / 7), (16160, 16000, -1 / 101), (5400, 5500, -1 / 54), (6000, 5500, 1 / 12),
])  # fmt: skip
def test_window_is_judged_at_the_nearer_end(factor, end, margin):
    found = Bench(8, v_dw=factor * LEAK).outcome("vdw.window")
    assert (found.required, found.margin) == pytest.approx((end * LEAK, margin), rel=1e-9, abs=0)
    assert found.state == ("all somas AP" if end == 16000 else "all somas P") and found.severity == "error"
    assert found.passed == (margin > 0) and f"recommended {10750e3 * LEAK:.4g} mV" in found.message


def test_eq4_is_an_error_only_where_v_dw_is_set_to_it():
    """With three neurons it lies below the window: 500·2·2.5 Ω against 500·2 + 2000 Ω."""
    for v_dw, severity in (("eq4", "error"), ("auto", "warning")):
        found = Bench(3, v_dw=v_dw).outcome("vdw.eq4")
        assert (found.measured, found.required) == pytest.approx((2500 * LEAK, 3000 * LEAK), rel=1e-9, abs=0)
        assert found.margin == pytest.approx(-1 / 5, rel=1e-9, abs=0) and found.severity == severity


@pytest.mark.parametrize(("leak", "way"), [(-53.0, 0.1808), (0.0, 53.1808), (-53.5, None)])
def test_load_takes_a_soma_s_way_past_its_pillar_at_what_its_leak_leaves(leak, way):
    """V_C alone moves it at 53.18 m/s."""
    bench = Bench(8, soma_leak=leak)
    found = bench.outcome("load.time")
    if way is None:
        assert found.measured is None and found.margin == -1 and "never loaded" in found.message
    else:
        assert found.measured == pytest.approx(60e-9 / way + 60e-9 / (5 * 21 / 22), rel=1e-3, abs=0)


def test_findings_are_of_all_that_was_given():
    """Waivers, limits, patterns and starts reach the rules."""
    bench = Bench(8, v_charge=1e-4).place_devices()
    given = (bench.network, bench.protocol, bench.device, bench.process)
    plain = {f.rule for f in check_operating_point(*given)}
    assert "leak.load_any" in plain and not {"leak.load", "drive.pattern", "power.density"} & plain
    starts = {f.rule for f in check_operating_point(*given, starts=sim.starts(bench.design))}
    assert "leak.load" in starts
    alternating = np.arange(8)[None] % 2
    bad = check_operating_point(*given, patterns=np.where(alternating, 1 - stored_patterns(bench.design), 0))
    assert "drive.pattern" in {f.rule for f in bad}
    hot = check_operating_point(*given, limits=Limits(temperature_rise=0.1), waivers={"power.density": "cooled"})
    assert [f.severity for f in hot if f.rule == "power.density"] == ["waived"]


def test_limits_that_nobody_gives():
    """A tenth of the voltage, a tenth of the fastest transit (a soma that V_C drives: k·50 µA), 50 K on silicon."""
    bench = Bench(8, 0.5).place_devices()
    bench.network = replace(bench.network, net_capacitance=np.full(len(bench.network.net_names), 1e-15))
    assert [bench.outcome(f"ir.{kind}").required for kind in ("dendrite", "drive", "ground", "weight", "vdw")] == [
        0.1
    ] * 5
    assert Limits().thermal_conductivity == 148 and bench.outcome("power.density").required == 50
    bench.network = replace(Bench(8).network, net_capacitance=np.full(len(Bench(8).network.net_names), 1e-15))
    found = bench.outcome("rc.time")
    assert found.required == pytest.approx(0.1 * 100e-9 / (MOBILITY * 50e-6), rel=1e-9, abs=0)
    assert found.margin == pytest.approx(found.required / (1e-15 / (8 / 2000)) - 1, rel=1e-9, abs=0)


def test_wires_are_named_by_their_layer_where_it_is_known():
    bench = Bench(8, 1.0).layered(1.0)
    bench.network = replace(
        bench.network, resistor_layer=np.array([0, 1, -1] * 400, np.int32)[: len(bench.network.resistor_ohm)]
    )
    cases = Cases(bench.network, bench.protocol, bench.device, bench.process, bench.limits)
    nets = [bench.network.net_names[bench.network.node_net[a]] for a, _ in bench.network.resistor_nodes[:3]]
    assert [cases.resistor_place(k).name for k in range(3)] == [
        f"{layer} of {net}" for layer, net in zip(("m3", "m2", "wire"), nets, strict=True)
    ]  # fmt: skip


def test_json_is_strict_and_keeps_its_letters(tmp_path):
    """Numbers that are not finite are null; a waiver's reason is written as it was given."""
    bench = Bench(8, v_dw=0.2)
    bench.waivers = {"vdw.window": "für die Messung"}
    text = bench.report().write_json(tmp_path / "erc.json").read_text(encoding="utf-8")
    rules = {row["rule"]: row for row in json.loads(text, parse_constant=pytest.fail)["rules"]}
    assert "für die Messung" in text and rules["vdw.window"]["reason"] == "für die Messung"
    assert rules["leak.axon_time"]["measured"] is None and rules["leak.axon_time"]["reason"] == ""


def test_table_has_a_column_for_each_number():
    head, *rows = Bench(8).report().table().splitlines()
    assert head.split() == ["rule", "status", "margin", "measured", "required", "where", "state"]
    time = next(row for row in rows if row.startswith("leak.time"))
    assert re.split("  +", time) == ["leak.time", "pass", "300.0 %", "500 ns", "2 µs", "soma 0", "dendrite balanced"]


def test_table_leaves_an_endless_margin_out():
    report = Bench(8, 1.0).report()
    endless = replace(report.outcomes[0], rule="a", margin=math.inf)
    row = replace(report, outcomes=(endless, replace(endless, margin=0.5))).table().splitlines()[1:]
    assert "inf" not in row[0] and row[0].split()[:2] == ["a", "pass"] and "50.0 %" in row[1]
    beyond = replace(endless, measured=math.inf, required=math.nan)
    said = [*re.split("  +", replace(report, outcomes=(beyond,)).table().splitlines()[1]), str(beyond.finding({}))]
    assert not any(re.search(r"\b(inf|nan)\b", each) for each in said)


def test_margins_are_relative_to_the_limit():
    assert [below(v, 4.0) for v in (0.0, 3.0, 4.0, 6.0)] == [1, 0.25, 0, -0.5]
    assert [above(v, 4.0) for v in (0.0, 3.0, 4.0, 6.0)] == [-1, -0.25, 0, 0.5]
    assert (below(0.5, 0.5), above(0.75, 0.5)) == (0, 0.5)
    assert (below(1.0, 0.0), above(1.0, 0.0)) == (-math.inf, math.inf)


def test_numbers_that_are_no_json_are_null():
    report = OperatingPointReport((), {}, {"a": np.array([1.5, np.inf]), "b": (math.nan, 2), 3: {"c": np.float64(0.5)}})
    assert report.as_dict()["values"] == {"a": [1.5, None], "b": [None, 2], "3": {"c": 0.5}}


def test_a_marker_names_its_place_once():
    for name, message, text in (
        ("axon 1→2", "too hot", "axon 1→2: too hot; margin −50.0 %"),
        ("axon 1→2", "axon 1→2 is too hot", "axon 1→2 is too hot; margin −50.0 %"),
        ("", "too hot", "too hot; margin −50.0 %"),
    ):  # fmt: skip
        assert Outcome("r", message, -0.5, "error", "f", "s", place=Place(name)).marker({}).message == text
    assert Outcome("r", "never", -math.inf, "error", "f", "s").marker({}).message == "never"


def test_words_and_units_that_only_wires_or_other_voltages_show():
    """Units and places of rules on wires; which side of a window or limit the messages say."""
    bench = Bench(8, 1.0).layered(1e-9)
    wires = {o.rule: o for o in bench.report().outcomes}
    assert wires["current.m2"].unit == wires["current.m3"].unit == "A"
    assert wires["current.m2"].state == "somas P, all axons ON"
    assert {wires[f"ir.{kind}"].unit for kind in ("dendrite", "drive", "ground", "weight", "vdw")} == {"1"}
    assert Bench(8).place_devices().outcome("power.density").place.name == "macro"
    assert {"current.track", "current.m1", "current.v1", "current.vr"} <= set(rule_names(bench.process))
    assert "time limit is" in wires["load.time"].message
    assert "load phase lasts 16 ns" in Bench(8, load=16e-9).outcome("load.time").message
    late, early = Bench(8, v_dw=0.01).outcome("leak.axon_size"), Bench(8, v_dw=0.5).outcome("leak.axon_size")
    assert "must be at most" in late.message and "must be at least" in early.message
    assert "inside" in Bench(8).outcome("vdw.eq4").message


NO_WEIGHTS = {"weights": {"matrix": [[0.0] * 3] * 3}}
NETWORKS = {
    "stored": {}, "no weights": NO_WEIGHTS, "lines": {"weight_style": "lines"} | NO_WEIGHTS,
    "one weight": {"weights": {"matrix": [[0.0, 1.0, 0.0], [0.0] * 3, [0.0] * 3]}},
    "chain": {"topology": {"axons": [(0, 1), (1, 2)]}},
}  # fmt: skip
POINTS = [
    {}, {"soma_leak": 0}, {"soma_leak": -1e4}, {"axon_leak": -1e-6}, {"axon_leak": -1e4}, {"v_dw": 1e-6},
    {"v_dw": 1e3}, {"weight": 1e-6, "v_charge": 1e-6}, {"temperature": 300, "load": "1 ps", "soma_leak": 0},
]  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_no_rule_says_a_number_that_is_none(network):
    for point, model in itertools.product(POINTS, ("kinematic", "collective")):
        design = Design(
            name="t", network={"neurons": 3, **network}, operating_point=point, device={"dynamics": {"model": model}}
        )
        process = design.load_process()
        wired = [] if "topology" in network or "weight_style" in network else [ladder_network(design, process, 5.0)]
        for each in (ideal_network(design, process), *wired):
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                report = sim.judge(each, design, process)
            for found in report.outcomes:
                assert not re.search(r"\b(inf|nan)\b|\d{20}", found.message), found.message
                assert not math.isnan(found.margin), found.rule


def test_without_weights_none_decides_and_wires_take_nothing_of_them():
    design = Design(name="t", network={"neurons": 3, **NO_WEIGHTS})
    network = ladder_network(design, design.load_process(), 5.0)
    found = {outcome.rule: outcome for outcome in sim.judge(network, design, design.load_process()).outcomes}
    soma = found["leak.soma"]
    assert soma.message == "soma leak equals 0.188 µA; no weight decides: all are 0"
    assert (soma.margin, soma.required, soma.place, soma.passed) == (math.inf, None, Place(), True)
    kinds = {"drive", "ground", "vdw"}
    assert {rule.removeprefix("ir.") for rule in found if rule.startswith("ir.")} == kinds
    assert set(sim.wire_drops(network, design, design.load_process())) == kinds
