"""An operating-point rule from outside the package: judged, waived and shown like the others."""

from __future__ import annotations

import json

import pytest
import yaml

from sim.rules import ADDED, Outcome, Place, register


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
