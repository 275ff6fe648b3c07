"""The Verilog-A models have the ports and parameters of the decks' subcircuit, and those of their law."""

import re

import pytest

from hwlib.design import Design
from hwlib.schematic import ideal_network
from sim.spice import device_subcircuit
from sim.spice.deck_law import DECK_LAWS, PARAMETERS


@pytest.mark.parametrize("name", DECK_LAWS)
def test_parameters_are_the_decks_and_the_law_s(name):
    law = DECK_LAWS[name]
    text = law.model.read_text(encoding="ascii")
    found = dict(re.findall(r"parameter real (\w+) = ([\w.-]+)", text))
    design = Design.model_validate({"name": "a", "network": {"neurons": 3}, "device": {"dynamics": {"model": name}}})
    values = law.values(ideal_network(design, design.load_process()))
    assert set(found) == {*values, "t_end", "c_state"} and set(PARAMETERS) <= set(values)
    assert float(found["t_end"]) == device_subcircuit.END_TIME
    assert float(found["c_state"]) == device_subcircuit.STATE_FARAD
    assert text.count('(* type="instance" *) parameter') == len(found)
    for parameter in set(values) - set(PARAMETERS):
        assert float(found[parameter]) == pytest.approx(values[parameter][0])  # the law's defaults


@pytest.mark.parametrize("name", DECK_LAWS)
def test_ports_are_the_decks_without_the_meter(name):
    law = DECK_LAWS[name]
    ports = re.search(rf"module {law.module}\((.*)\);", law.model.read_text(encoding="ascii"))[1].split(", ")
    assert ports == ["dw_in", "dw_out", "mtj_in", "mtj_out", "wall", *law.states]
