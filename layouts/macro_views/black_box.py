"""A macro as a Verilog black box, with a second module that has its neurons' nets as buses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hwlib.errors import InputError, shown
from hwlib.nets import DENDRITE, DRIVE, parse_net

# Such names are keywords in no edition: with a capital, a digit from 2 on, or a digit after an underscore …
_PLAIN = re.compile(r"(?=.*[A-Z2-9]|.*_.*[0-9]|.*_buses$|(?:gnd|vdw|dend|drive)$)[A-Za-z_][A-Za-z0-9_]*")
_BUSES = {DENDRITE: "dend", DRIVE: "drive"}


def black_box(name: str, nets: Sequence[str], neurons: int) -> str:
    """Verilog of a macro: the black box with a port a net, and ``<name>_buses`` around it with buses of neurons.

    Args:
        name: of the macro.
        nets: its pins, in order.
        neurons: N.

    Raises:
        InputError: a name with blanks, control characters, or other than ASCII.
    """
    bus_of = {}
    for net in nets:
        parsed = parse_net(net)
        if parsed is not None and parsed.net_class in _BUSES:
            bus_of[net] = (_BUSES[parsed.net_class], parsed.neuron)
    single = [net for net in nets if net not in bus_of]
    ports = [*(f"inout wire {verilog_name(net)}" for net in single),
             *(f"inout wire [{neurons - 1}:0] {verilog_name(bus)}" for bus in _BUSES.values())]  # fmt: skip
    joins = []
    for net in nets:
        at = f"{verilog_name(bus_of[net][0])}[{bus_of[net][1]}]" if net in bus_of else verilog_name(net)
        joins.append(f".{verilog_name(net)}({at})")
    return "\n".join([
        "// Analog macro: every port is an inout wire of a drawn net.", "(* blackbox *)",
        *_module(name, [f"inout wire {verilog_name(net)}" for net in nets]), "endmodule", "",
        "// The same with a bus of all dendrites and one of all drives.", *_module(f"{name}_buses", ports),
        f"  {verilog_name(name)} macro_0 (", ",\n".join(f"    {join}" for join in joins), "  );", "endmodule", "",
    ])  # fmt: skip


def _module(name: str, ports: Sequence[str]) -> list[str]:
    return [f"module {verilog_name(name)} (", ",\n".join(f"  {port}" for port in ports), ");"]


def verilog_name(name: str) -> str:
    """An identifier: as it is where it can be no keyword, else escaped, with the blank that ends it.

    Raises:
        InputError: what no identifier can hold.
    """
    if _PLAIN.fullmatch(name):
        return name
    if not re.fullmatch(r"[!-~]+", name):
        raise InputError(f"Verilog: {shown(name)} cannot be a name: only printable ASCII without blanks can")
    return f"\\{name} "
