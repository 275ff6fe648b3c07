"""A limit that is just missed: words and tables tell the two numbers apart, and the margin has its sign."""

import re

import pytest

from hwlib.design import Design
from hwlib.quantities import digits_apart
from hwlib.schematic import ideal_network
from sim.protocol import protocol_for
from sim.rules import operating_point_report
from spinhop.verdicts.point_tables import percent, rule_rows


def judged(changes=None, **point):
    design = Design(name="t", network={"neurons": 4, "weights": {"random_patterns": 1}}, operating_point=point)
    design = design.model_copy(update={"device": design.device.model_copy(update=changes or {})})
    process = design.load_process()
    network = ideal_network(design, process)
    return operating_point_report(network, protocol_for(design, process), design.device, process)


def row_of(report, rule):
    found = next(each for each in report.outcomes if each.rule == rule)
    status = "pass" if found.passed else found.severity
    row = {"rule": rule, "status": status, "margin": found.margin, "measured": found.measured, "unit": found.unit,
           "required": found.required, "where": "", "x": None, "y": None}  # fmt: skip
    return found, rule_rows({"erc_ideal": {"rules": [row]}})[0]


def assert_told_apart(found, row, first, second):
    assert re.fullmatch(r"−[^ ]+ % error", row[1]) and float(row[1][1:].split()[0]) > 0
    assert row[3] != row[4]
    numbers = re.search(rf"{first} ([0-9.e+-]+).* {second} ?([0-9.e+-]+)", found.message)
    assert float(numbers[1]) != float(numbers[2])


@pytest.mark.parametrize("share", [1e-4, 1e-7])
def test_a_window_that_is_just_missed(share):
    low = max(judged().values["low"])
    found, row = row_of(judged(v_dw=low * (1 - share)), "vdw.window")
    assert_told_apart(found, row, "V_DW =", "window")


@pytest.mark.parametrize("share", [1e-4, 1e-7])
def test_a_barrier_that_just_breaks(share):
    volts = row_of(judged(), "barrier.voltage")[0].measured
    found, row = row_of(judged({"breakdown_voltage": volts * (1 - share)}), "barrier.voltage")
    assert_told_apart(found, row, "has", "breaks at")


@pytest.mark.parametrize(("margin", "said"), [
    (0.0, "+0.0 %"), (1e-12, "+0.0 %"), (-7e-5, "−0.007 %"), (4e-4, "+0.04 %"), (-0.04, "−4.0 %"), (11, "> 1000 %"),
])  # fmt: skip
def test_small_margins_keep_their_sign(margin, said):
    assert percent(margin) == said


def test_digits_that_tell_numbers_apart():
    assert [digits_apart(1.0, other) for other in (1.0, 2.0, 1.0001, 1 + 1e-15)] == [4, 4, 5, 12]
