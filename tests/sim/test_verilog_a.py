"""The Verilog-A model has the ports and parameters of the decks' subcircuit."""

import re

from sim.spice import device_subcircuit
from sim.spice.verilog_a import MODULE, verilog_a_model

TEXT = verilog_a_model().read_text(encoding="ascii")


def test_parameters_are_the_decks():
    found = dict(re.findall(r"parameter real (\w+) = ([\w.-]+)", TEXT))
    assert set(found) == {*device_subcircuit.PARAMETERS, "t_end", "c_state"}
    assert (
        float(found["t_end"]) == device_subcircuit.END_TIME and float(found["c_state"]) == device_subcircuit.STATE_FARAD
    )
    assert TEXT.count('(* type="instance" *) parameter') == len(found)


def test_ports_are_the_decks_without_the_meter():
    ports = re.search(rf"module {MODULE}\((.*)\);", TEXT)[1].split(", ")
    assert ports == ["dw_in", "dw_out", "mtj_in", "mtj_out", "wall"]
