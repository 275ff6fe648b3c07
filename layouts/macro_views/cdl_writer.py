"""A macro's schematic in the Circuit Description Language, CDL: what a chip's layout is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hwlib.checks.device_extractor import DEVICE_CLASS, PARAMETERS
from hwlib.checks.lvs_reference import drawn_parameters
from hwlib.nets import GROUND, RAIL, V_DW, parse_net
from hwlib.network import TERMINALS
from hwlib.node_names import instance_names
from hwlib.schematic import ideal_network
from layouts.macro_views.abstract import MacroAbstract

_LONGEST = 100  # characters of a line
_KIND = {GROUND: "G", V_DW: "P", RAIL: "P"}


def macro_cdl(macro: MacroAbstract) -> str:
    """The design's devices between the macro's pins, from the design alone; lengths in µm, areas in µm².

    The device's own subcircuit is empty: comparisons take it as a primitive.
    """
    design, process = macro.design, macro.process
    network = ideal_network(design, process)
    sizes = {name: array / PARAMETERS[name][2] for name, array in drawn_parameters(network, design).items()}
    nets = network.net_names
    parsed = [parse_net(name) for name in nets]
    kinds = [_KIND.get(net.net_class, "B") if net else "B" for net in parsed]
    lines = [
        f"* {macro.name}: {network.devices} devices of process {process.name}; sizes in um and um^2",
        *_broken([".SUBCKT", DEVICE_CLASS, *TERMINALS, *(f"{name}=0" for name in sizes)]), f".ENDS {DEVICE_CLASS}", "",
        *_broken([".SUBCKT", macro.name, *nets]),
        *(f"*.PININFO {pin}:{kind}" for pin, kind in zip(nets, kinds, strict=True)),
    ]  # fmt: skip
    ends = network.node_net[network.terminals].tolist()
    for k, name in enumerate(instance_names(network)):
        values = [f"{key}={array[k]:.9g}" for key, array in sizes.items()]
        lines += _broken([f"X{name}", *(nets[net] for net in ends[k]), DEVICE_CLASS, *values])
    return "\n".join([*lines, f".ENDS {macro.name}", ""])


def _broken(words: Iterable[str]) -> Iterator[str]:
    """Words in lines of a readable length, continued as SPICE does."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > _LONGEST:
            yield line
            line = f"+ {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line
