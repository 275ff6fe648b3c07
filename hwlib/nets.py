"""Net names as they are labelled on the layout and written to netlists; neurons count from 0.

``dend_3`` dendrite of neuron 3, ``drive_3`` its axon drive, ``gnd``, ``vdw``; weights are ``w_5_3`` (line of the
synapse from neuron 3 onto neuron 5) or a rail at a multiple of W: ``w_p1``, ``w_m1p05`` (−1.05 W), ``w_0``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

GROUND = "gnd"
V_DW = "vdw"

_INDEX = "(?:0|[1-9][0-9]{0,8})"
_NET = re.compile(
    rf"(?P<neuron>dend|drive)_(?P<index>{_INDEX})|w_(?P<post>{_INDEX})_(?P<pre>{_INDEX})"
    r"|w_(?P<level>0|[pm][0-9]{1,15}(p[0-9]{1,6})?)|gnd|vdw"
)


class NetName(NamedTuple):
    """A parsed net name: its class and what it belongs to."""

    net_class: str  # dendrite, drive, ground, vdw, line, rail
    neuron: int = -1  # dendrite and drive; for a line the postsynaptic neuron
    pre: int = -1  # presynaptic neuron of a line
    level: float = 0.0  # multiple of W of a rail


def dendrite(neuron: int) -> str:
    """Name of a neuron's dendrite net."""
    return f"dend_{neuron}"


def drive(neuron: int) -> str:
    """Name of the net from a neuron's soma pillar to its axon tracks."""
    return f"drive_{neuron}"


def weight_line(post: int, pre: int) -> str:
    """Name of the weight net of the synapse from ``pre`` onto ``post`` (style ``lines``)."""
    return f"w_{post}_{pre}"


def weight_rail(level: float) -> str:
    """Name of the rail at ``level`` × W (style ``rails``); levels are told apart to six decimals."""
    digits = f"{abs(level):.6f}".rstrip("0").rstrip(".")
    if digits == "0":
        return "w_0"
    return f"w_{'p' if level > 0 else 'm'}{digits.replace('.', 'p')}"


def parse_net(name: str) -> NetName | None:
    """Return what a net name means, or None when it is none of ours: every net has one name, not ``dend_03`` too."""
    match = _NET.fullmatch(name)
    if match is None:
        return None
    if match["neuron"]:
        return NetName("dendrite" if match["neuron"] == "dend" else "drive", int(match["index"]))
    if match["post"]:
        return NetName("line", int(match["post"]), int(match["pre"]))
    if match["level"]:
        text = match["level"]
        value = 0.0 if text == "0" else float(text[1:].replace("p", ".")) * (1 if text[0] == "p" else -1)
        return NetName("rail", level=value) if weight_rail(value) == name else None
    return NetName("ground" if name == GROUND else "vdw")


def in_spice(name: str) -> str:
    """What a net is called in SPICE: its name, but ``ground``, because ``gnd`` is node 0 to ngspice and others."""
    return "ground" if name == GROUND else name


def in_comment(text: object) -> str:
    """Text from outside as it may stand in a netlist's comment or quotes: one line of printable ASCII, no quotes."""
    return re.sub(r"[^\x20-\x7e]+|[\"\\\\]", " ", str(text))


def in_words(name: str) -> str:
    """What a net is called in a sentence: ``dendrite 4``, ``drive 3``, ``ground``, ``V_DW``, ``+W rail``.

    Names that are none of ours stay as they are.
    """
    net = parse_net(name)
    if net is None:
        return name
    if net.net_class == "line":
        return f"weight line {net.pre}→{net.neuron}"
    if net.net_class == "rail":
        size = f"{abs(net.level):.6f}".rstrip("0").rstrip(".") + " "
        sign = "+" if net.level > 0 else "−"
        return f"{sign}{'' if size == '1 ' else size}W rail" if net.level else "0 V rail"
    return {"ground": "ground", "vdw": "V_DW"}.get(net.net_class, f"{net.net_class} {net.neuron}")
