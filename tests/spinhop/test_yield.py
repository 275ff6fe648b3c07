"""Yield: shares of chips with intervals, counted until they are known as precisely as asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hwlib.errors import InputError
from spinhop.commands import study_commands
from spinhop.study.chip_yield import chip_share, yield_of
from spinhop.study.point_evaluation import PointEvaluator, PointResult

DESIGN = "name: small\nprocess: copper_thick\nnetwork: {neurons: 3}\ntask: {trials: 1}\n"


def design_in(folder, variation="variation: {defects: {stuck_off: 0.1}}\n"):
    (folder / "small.yaml").write_text(DESIGN + variation)
    return folder / "small.yaml"


def result(works, broken=0):
    numbers = {"works": float(works), "rules_broken": float(broken), "margin.a.b": 0.5 - broken}
    return PointResult(numbers, dict.fromkeys(numbers, ("1", "x")))


@pytest.fixture
def coin(monkeypatch):
    """Chips that work with a probability of 0.9, and which were judged."""
    judged, good = [], np.random.default_rng(3).random(2000) < 0.9

    def evaluate(self, values):
        judged.append(values["variation.chip"])
        return result(good[values["variation.chip"]], broken=values["variation.chip"] % 2)

    monkeypatch.setattr(PointEvaluator, "evaluate", evaluate)
    return judged, good


def test_rules_fail_as_often_as_defects_come(tmp_path):
    """A stuck axon cannot be moved, so ``leak.axon_size`` holds where none of the six is: with (1 − p)^6; 99.9 %."""
    found = yield_of(design_in(tmp_path), tmp_path / "out", wires="ideal", chips=24, precision=0.01)
    share = found.by_rule["leak.axon_size"]
    assert share.chips == 24 and not found.precise
    low, high = stats.binom.ppf([0.0005, 0.9995], 24, 0.9**6)
    assert low <= share.good <= high and 0 < share.good < 24
    assert found.works.good <= min(found.task.good, found.rules.good) and found.refused == 0


def test_it_stops_when_it_is_precise_and_goes_on_for_more(tmp_path, coin):
    judged, good = coin
    path, out = design_in(tmp_path), tmp_path / "out"
    first = yield_of(path, out, wires="ideal", precision=0.1)
    count = first.works.chips
    assert first.precise and count % 16 == 0 and judged == list(range(count))
    share = first.works
    assert share.good == int((good[:count] & (np.arange(count) % 2 == 0)).sum()) and first.rules.good == count // 2
    assert (share.high - share.low) / 2 <= 0.1
    before = chip_share(np.arange(count - 16) < int((good[: count - 16] & (np.arange(count - 16) % 2 == 0)).sum()))
    assert (before.high - before.low) / 2 > 0.1, "it did not go on for longer than it had to"
    more = yield_of(path, out, wires="ideal", precision=0.05)
    assert judged == list(range(more.task.chips)) and more.task.chips > count, "each chip once"
    again = yield_of(path, out, wires="ideal", precision=0.1, chips=500)
    assert (again.works, again.by_rule) == (first.works, first.by_rule) and len(judged) == more.task.chips


def test_the_interval_is_clopper_and_pearson_s():
    share = chip_share(np.array([True] * 7 + [False] * 3))
    wanted = stats.beta.ppf(0.025, 7, 4), stats.beta.ppf(0.975, 8, 3)
    assert (share.low, share.high) == pytest.approx(wanted, rel=1e-9) and share.value == 0.7
    assert chip_share(np.ones(5, bool)).high == 1.0


@pytest.mark.parametrize("p", [0.5, 0.8, 0.97])
def test_stopping_keeps_the_confidence(p):
    """Of 600 counts that stop at ±0.1 at least 94 % cover the truth, but for 3.3 standard deviations of so many."""
    rng, known, covered = np.random.default_rng(8), {}, 0
    for _ in range(600):
        good = chips = 0
        while True:
            good, chips = good + int(rng.binomial(16, p)), chips + 16
            if (good, chips) not in known:
                known[good, chips] = chip_share(np.arange(chips) < good)
            share = known[good, chips]
            if (share.high - share.low) / 2 <= 0.1:
                break
        covered += share.low <= p <= share.high
    assert covered / 600 >= 0.94 - 3.3 * np.sqrt(0.94 * 0.06 / 600)


def test_chips_without_a_network_do_not_work(tmp_path, monkeypatch):
    monkeypatch.setattr(PointEvaluator, "evaluate", lambda self, values: PointResult(problem="no network"))
    found = yield_of(design_in(tmp_path), tmp_path / "out", wires="ideal", chips=20)
    assert (found.works.good, found.refused, found.works.chips, found.problem) == (0, 20, 20, "no network")


def test_chips_of_a_drawing_with_errors_do_not_keep_the_rules(tmp_path, monkeypatch):
    """As ``run`` says of the design that its limits are broken."""
    monkeypatch.setattr(PointEvaluator, "evaluate", lambda self, values: result(True))
    assert yield_of(design_in(tmp_path), tmp_path / "clean", chips=4).works.good == 4
    wrong = result(True)
    wrong.values["drawing_errors"], wrong.about["drawing_errors"] = 2.0, ("1", "x")
    monkeypatch.setattr(PointEvaluator, "evaluate", lambda self, values: wrong)
    found = yield_of(design_in(tmp_path), tmp_path / "wrong", chips=4)
    assert (found.works.good, found.rules.good, found.task.good) == (0, 0, 4)


def test_undetermined_chips_are_counted_apart(tmp_path, spinhop, monkeypatch):
    def evaluate(self, values):
        unsure = values["variation.chip"] < 3
        numbers = {"works": float(not unsure), "works_undetermined": float(unsure)}
        return PointResult(numbers, dict.fromkeys(numbers, ("1", "x")))

    monkeypatch.setattr(PointEvaluator, "evaluate", evaluate)
    monkeypatch.setattr(study_commands, "_drawn", lambda found: None)  # its pictures take seconds
    options = ("yield", design_in(tmp_path), "--ideal", "-o", tmp_path / "out", "--workers", 1, "--chips", 8)
    data = json.loads(spinhop(*options, "--json")[1])
    assert (data["undetermined"], data["task"]["good"], data["task"]["chips"]) == (3, 5, 8)
    assert "undetermined: 3 of 8 chips, counted as not doing their task\n" in spinhop(*options)[1]


def test_the_command(tmp_path, spinhop, coin):
    path = design_in(tmp_path)
    code, out, err = spinhop(
        "yield", path, "--ideal", "-o", tmp_path / "out", "--workers", 1, "--precision", 0.1, "--json"
    )
    data = json.loads(out)
    assert code == 0, err
    assert data["works"]["share"] == data["works"]["good"] / data["works"]["chips"] and data["precise"] is True
    assert Path(data["picture"]) == tmp_path / "out" / "plots" / "index.html"
    assert (tmp_path / "out" / "plots" / "share_of_chips.svg").is_file()
    assert set(data["by_rule"]) == {"a.b"} and data["by_rule"]["a.b"]["good"] == data["rules"]["good"]
    code, out, _ = spinhop("yield", path, "--ideal", "-o", tmp_path / "out", "--workers", 1, "--precision", 0.1)
    assert code == 0 and f"{data['works']['good']} of {data['works']['chips']}" in out


def test_yields_that_are_none(tmp_path, spinhop):
    for arguments, message in (
        ({"chips": 0}, "chips: 0, allowed 1 to"), ({"precision": 0.0}, "precision: 0.0, allowed 0.001 to 0.5"),
        ({"trials": 10**30}, "yaml: trials: must be at least 1 and at most 1000000, found 10+$"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            yield_of(design_in(tmp_path), tmp_path / "out", **arguments)
    code, _, err = spinhop("yield", design_in(tmp_path, ""), "--out", tmp_path / "out")
    assert code == 2 and err == f"spinhop: {tmp_path / 'small.yaml'}: no section 'variation'; see docs/studies.md\n"
    negative = "variation: {spreads: {resistance_area: {sigma: 0.4, distribution: normal, truncate: 3}}}\n"
    code, _, err = spinhop("yield", design_in(tmp_path, negative), "--out", tmp_path / "out")
    assert code == 2 and err.count("\n") == 1 and "variation.spreads.resistance_area: a normal one reaches 1.2" in err
    for section, message in (
        (
            "{spreads: {sheet_resistance: {sigma: 0.1}}}",
            "sheet_resistance: the network has ideal wires; take it as drawn",
        ),
        (
            "{spreads: {tmr: {sigma: 0.1, neighbourhood: 0.5, length: 1 um}}}",
            "tmr: neighbourhood needs places on a layout",
        ),
    ):  # 48 chips were judged, and 0 % said to work
        design = design_in(tmp_path, f"variation: {section}\n")
        code, out, err = spinhop("yield", design, "--ideal", "--out", tmp_path / "out")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"spinhop: {tmp_path / 'small.yaml'}: variation: {message}")
    assert not (tmp_path / "out").exists()


def test_commands_say_why_points_have_no_numbers(tmp_path, spinhop):
    """`sweep` said how many were refused, `yield` not even that: why was told by the store alone."""
    weights = "{matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}"
    design = tmp_path / "m.yaml"
    design.write_text(
        f"name: m\nnetwork: {{neurons: 3, weights: {weights}}}\nvariation: {{defects: {{stuck_off: 0.1}}}}\n"
    )
    (tmp_path / "s.yaml").write_text("name: s\ndesign: m.yaml\nwires: ideal\naxes: {seed: [1, 2]}\n")
    for words in (["sweep", tmp_path / "s.yaml"], ["yield", design, "--ideal", "--chips", 2]):
        code, out, err = spinhop(*words, "--workers", 1, "--out", tmp_path / words[0])
        assert code == 1 and "refused" in out, err
        assert "there are no stored patterns to recall" in " ".join(out.split())
        code, out, _ = spinhop(*words, "--workers", 1, "--out", tmp_path / words[0], "--json")
        assert code == 1 and json.loads(out)["problem"].endswith("there are no stored patterns to recall")
