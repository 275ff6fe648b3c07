"""What a yield hangs on: indices of closed forms, and a parameter that was planted."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from hwlib.schematic import ideal_network
from hwlib.sections.variation_fields import VariationFields
from spinhop.optimize.trial_yield import working_share
from spinhop.study.chip_yield import yield_of
from spinhop.study.point_evaluation import PointEvaluator, PointResult, _note_chip
from spinhop.study.sensitivity import first_order, worst_parameters

DESIGN = """
name: small
process: copper_thick
network: {neurons: 3}
task: {trials: 1}
variation:
  spreads:
    leak: {sigma: 0.1, die: 1.0}
    tmr: {sigma: 0.1}
    pillar_place: {sigma: 1 nm}
  defects: {stuck_off: 0.05}
"""


def test_ishigami_has_the_indices_of_its_closed_form():
    """Y = sin X1 + 7 sin² X2 + 0.1 X3⁴ sin X1 on (−π, π)³; Var = a²/8 + bπ⁴/5 + b²π⁸/18 + 1/2 (Ishigami 1990)."""
    a, b, rng = 7.0, 0.1, np.random.default_rng(5)
    x = rng.uniform(-np.pi, np.pi, (4000, 3))
    y = np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])
    variance = a**2 / 8 + b * np.pi**4 / 5 + b**2 * np.pi**8 / 18 + 0.5
    wanted = np.array([0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0.0]) / variance
    found = first_order({f"x{k}": x[:, k] for k in range(3)}, y)
    for k in range(3):
        share, half = found[f"x{k}"]
        assert abs(share - wanted[k]) < 0.04 and 0 < half < 0.1, (k, share, wanted[k])


def test_a_linear_model_of_few_samples():
    """S_i = a_i² / Σ a²; and the interval of an input that does nothing holds 0."""
    a, rng = np.array([3.0, 1.0, 0.0]), np.random.default_rng(2)
    x = rng.normal(size=(300, 3))
    found = first_order({f"x{k}": x[:, k] for k in range(3)}, x @ a)
    for k, wanted in enumerate(a**2 / (a**2).sum()):
        assert abs(found[f"x{k}"][0] - wanted) < 0.12, (k, found)
    assert found["x2"][0] < found["x2"][1]
    again = first_order({f"x{k}": x[:, k] for k in range(3)}, x @ a)
    assert (
        again == found
        and not first_order({"x": x[:, 0]}, np.ones(300))
        and not first_order({"x": np.ones(300)}, x[:, 0])
    )


def test_too_few_chips_say_nothing_and_those_without_a_result_are_left_out():
    rng = np.random.default_rng(1)
    drawn = {"sample.leak.mean": rng.normal(size=80), "sample.tmr.mean": rng.normal(size=80)}
    result = np.where(np.arange(80) < 60, drawn["sample.leak.mean"], np.nan)
    found = worst_parameters(drawn, {"rule": result, "few": np.where(np.arange(80) < 40, 1.0, np.nan)})
    assert list(found) == ["rule"] and found["rule"][0].parameter == "leak" and found["rule"][0].share > 0.8


@pytest.fixture
def planted(monkeypatch, tmp_path):
    """Chips as they are drawn, with margins that are known functions of what was drawn."""
    (tmp_path / "small.yaml").write_text(DESIGN)
    design = load_design(tmp_path / "small.yaml")
    network = ideal_network(design, design.load_process())

    def evaluate(self, values):
        result = PointResult()
        fields = design.variation.model_copy(update={"chip": values["variation.chip"]})
        _note_chip(result, network, design.model_copy(update={"variation": fields}), design.load_process())
        drawn = result.values
        numbers = {
            "works": float(drawn["sample.leak.mean"] > 0.9), "rules_broken": 0.0,
            "margin.a": 3 * drawn["sample.leak.highest"] + 0.1 * drawn["sample.tmr.mean"],
            "margin.b": drawn["sample.tmr.lowest"], "margin.c": -drawn["sample.stuck_off.count"],
        }  # fmt: skip
        return PointResult(drawn | numbers, dict.fromkeys(drawn | numbers, ("1", "x")))

    monkeypatch.setattr(PointEvaluator, "evaluate", evaluate)
    return tmp_path / "small.yaml"


def test_a_planted_parameter_comes_first(planted, tmp_path, spinhop):
    found = yield_of(planted, tmp_path / "out", wires="ideal", chips=128, precision=0.001)
    first = {result: most[0] for result, most in found.sensitivity.items()}
    assert {r: each.parameter for r, each in first.items()} == {
        "works": "leak", "task": "leak", "a": "leak", "b": "tmr", "c": "stuck_off",
    }  # fmt: skip
    assert (first["b"].by, first["c"].by) == ("lowest", "count") and all(each.sure for each in first.values())
    assert first["a"].share > 0.9 and not found.sensitivity["a"][-1].sure
    arguments = ("yield", planted, "--ideal", "-o", tmp_path / "out", "--chips", 128, "--precision", 0.001)
    code, out, err = spinhop(*arguments, "--workers", 1, "--json")
    assert code == 0, err
    told = json.loads(out)["sensitivity"]["a"][0]
    assert (told["parameter"], told["share"]) == ("leak", first["a"].share)
    assert f"leak {100 * first['a'].share:.0f} %" in spinhop(*arguments, "--workers", 1)[1]


def test_what_is_told_of_a_chip_is_what_its_network_has(tmp_path):
    (tmp_path / "small.yaml").write_text(DESIGN)
    design = load_design(tmp_path / "small.yaml")
    network, process = ideal_network(design, design.load_process()), design.load_process()
    spreads = {"leak": {"sigma": 0.1}, "pillar_place": {"sigma": 1e-9}, "tmr": {"sigma": 0.1}}
    fields = VariationFields(chip=3, spreads=spreads, defects={"shorted_pillars": 0.3, "open_pillars": 0.3})
    found, chip = sim.sampled_values(network, process, fields), sim.sampled_chip(network, process, fields)
    assert set(found) == {"leak", "pillar_place", "tmr", "shorted_pillars", "open_pillars"}
    np.testing.assert_allclose(chip.leak, network.leak * found["leak"], rtol=1e-14)
    np.testing.assert_allclose(chip.pillar_centre - network.pillar_centre, found["pillar_place"], atol=1e-20)
    assert np.array_equal(chip.r_p == 10.0, found["shorted_pillars"]) and 0 < found["shorted_pillars"].sum() < 9
    assert np.array_equal(chip.r_p == 1e9, found["open_pillars"]) and found["open_pillars"].any()
    rest = ~found["shorted_pillars"] & ~found["open_pillars"]
    ratio = (chip.r_ap / chip.r_p - 1) / (network.r_ap / network.r_p - 1)
    np.testing.assert_allclose(ratio[rest], found["tmr"][rest], rtol=1e-12)


def test_yield_of_a_search_is_that_of_yield(tmp_path):
    (tmp_path / "small.yaml").write_text(DESIGN + "operating_point: {v_dw: 330 mV}\n")
    design = load_design(tmp_path / "small.yaml")
    process = design.load_process()
    found = yield_of(tmp_path / "small.yaml", tmp_path / "out", wires="ideal", chips=8, precision=0.001)
    assert working_share(design, process, ideal_network(design, process), 8) == found.works.value
