"""An operating-point rule from outside the package: judged, waived and shown like the others."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from hwlib.errors import InputError
from sim.rules import ADDED, Outcome, Place, register
from sim.rules.outcome import added_outcome
from spinhop.verdicts.levers import lever_of


@pytest.fixture
def read_voltage():
    """W must leave 150 mV; it is 100 mV."""

    def judge(cases):
        return Outcome(
            rule="read.voltage", message=f"W is {1e3 * cases.largest_weight:g} mV, needed 150 mV",
            margin=cases.largest_weight / 0.15 - 1, severity="error", formula="W > 150 mV", source="this test",
            measured=cases.largest_weight, required=0.15, unit="V", place=Place("the network", None, None), state="any",
        )  # fmt: skip

    register("read.voltage", judge)
    yield "read.voltage"
    del ADDED["read.voltage"]


@pytest.fixture
def check(tmp_path, spinhop):
    def run(**changes):
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump({"name": "small", "network": {"neurons": 3}, **changes}))
        return spinhop("check", path, "--out", tmp_path / "run", "--json")

    return run


def test_a_rule_from_outside_is_judged_and_can_be_waived(read_voltage, check):
    code, out, _ = check()
    found = [f for f in json.loads(out)["findings"]["erc_ideal"] if f["rule"] == read_voltage]
    assert code == 1 and [(f["severity"], f["measured"]) for f in found] == [("error", pytest.approx(0.1))]
    assert found[0]["message"].startswith("W is 100 mV, needed 150 mV")
    code, out, _ = check(waivers={read_voltage: "the reader is good enough"})
    found = [f for f in json.loads(out)["findings"]["erc_ideal"] if f["rule"] == read_voltage]
    assert [f["severity"] for f in found] == ["waived"]


def test_without_it_nobody_knows_its_name(check):
    code, _, err = check(waivers={"read.voltage": "the reader is good enough"})
    assert code == 2 and "read.voltage" in err


def test_a_rule_is_registered_once(read_voltage):
    with pytest.raises(ValueError, match=r"there is a rule read\.voltage already"):
        register(read_voltage, lambda cases: None)


def test_what_helps_it_is_no_marker_of_the_drawing(read_voltage, check):
    assert lever_of(read_voltage).title == "rules from outside"
    assert lever_of("m2.width").title == lever_of("read.other").title == "design rules"
    _, out, _ = check()
    assert "formula" in json.loads(out)["next"]["lever"] or json.loads(out)["next"]["rule"] != read_voltage


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "read.current"}, "rule is 'read.current', allowed: 'read.voltage', as it was registered"),
        ({"severity": "fatal"}, "severity is 'fatal', allowed: error or warning"),
        ({"margin": math.nan}, "margin is nan, allowed: a number that is not NaN"),
        ({"margin": "low"}, "margin is 'low', allowed: a number"),
        ({"measured": "1 V"}, "measured is '1 V', allowed: a number, or None"),
        ({"place": None}, "place is None, allowed: a Place"),
        ({"message": None}, "message is None, allowed: a text"),
    ],
)
def test_an_outcome_that_cannot_be_told_or_waived_is_refused(changes, message):
    fields = {"rule": "read.voltage", "message": "", "margin": -1.0, "severity": "error", "formula": "", "source": ""}
    assert added_outcome("read.voltage", Outcome(**fields)) == Outcome(**fields)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=f"^rule read.voltage: {message}"):
        added_outcome("read.voltage", Outcome(**fields | changes))  # type: ignore[arg-type]


def test_a_rule_that_gives_something_else_ends_a_command_in_one_line(check):
    register("read.voltage", lambda cases: 3.0)  # type: ignore[arg-type, return-value]
    try:
        code, _, err = check()
    finally:
        del ADDED["read.voltage"]
    assert code == 2 and "spinhop: rule read.voltage: gave 3.0, allowed: an Outcome, or None" in err


@pytest.mark.parametrize("name", ["my rule", "a\nb", "<b>", "", 3, "noise", "Noise.read"])
def test_a_name_that_no_waiver_can_hold_is_refused(name):
    with pytest.raises(ValueError, match=r"a rule's name is a text like noise\.read, found "):
        register(name, lambda cases: None)
    assert name not in ADDED
