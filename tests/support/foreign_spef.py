"""A SPEF file as another tool would write the same wires: other units, signs, names, order, and nodes."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np

from tests.support.spef_grammar import SpefFile, SpefNet


def eliminated(net: SpefNet, most: int = 3) -> SpefNet:
    """The net without inner nodes of up to ``most`` resistors: each star becomes the mesh that it is to all others."""
    fixed, rows = {*net.pins, *net.instance_pins}, list(net.resistors)
    while True:
        at: dict[str, list[tuple[str, float]]] = {}
        for a, b, ohm in rows:
            at.setdefault(a, []).append((b, ohm))
            at.setdefault(b, []).append((a, ohm))
        star = next((n for n, ends in at.items() if n not in fixed and 2 <= len(ends) <= most), None)
        if star is None:
            break
        inverse = sum(1 / ohm for _, ohm in at[star])
        rows = [row for row in rows if star not in row[:2]]
        rows += [(a, b, x * y * inverse) for (a, x), (b, y) in combinations(at[star], 2) if a != b]
    capacitors = [(next(iter(fixed)), None, net.total)] if net.capacitors else []
    return SpefNet(net.name, net.total, net.pins, net.instance_pins, [], capacitors, rows)


def foreign(file: SpefFile, seed: int, *, split: bool = True) -> str:
    """The file's nets in kΩ and pF, ``|`` between device and terminal, names in full, all in another order.

    Inner nodes get numbers of their own; with ``split`` every third resistor becomes two in series, every fourth two
    side by side. Capacitors between nets are left out.
    """
    rng = np.random.default_rng(seed)
    lines = [
        "/* written by", "   another tool */", '*SPEF "IEEE 1481-1999" // a comment', '*DESIGN "chip.top"',
        '*DATE "Mon Jan 1 1:02:03 2024"', '*VENDOR "A"', '*PROGRAM "Other"', '*VERSION "9.9"',
        '*DESIGN_FLOW "PIN_CAP NONE" "NAME_SCOPE LOCAL"', "*DIVIDER .", "*DELIMITER |", "*BUS_DELIMITER < >",
        "*T_UNIT 1 PS", "*C_UNIT 2.0 PF", "*R_UNIT 0.5 KOHM", "*L_UNIT 1 UH", "*PORTS",
        *(f"{_name(port)} B *C 0 0 *L 0.0" for port in rng.permutation(file.ports)),
    ]  # fmt: skip
    for k in rng.permutation(len(file.nets)):
        lines += _net(file.nets[k], rng, split)
    return "\n".join(lines) + "\n"


def _net(net: SpefNet, rng: np.random.Generator, split: bool) -> list[str]:
    fixed = {*net.pins, *net.instance_pins}
    numbers: dict[str, int] = {}

    def node(name: str) -> str:
        if name in fixed:
            return "|".join(map(_name, name.split(" ")))
        return f"{_name(net.name)}|{numbers.setdefault(name, 3 + 7 * len(numbers))}"

    rows = []
    for k, (a, b, ohm) in enumerate(net.resistors):
        if split and k % 3 == 0:
            rows += [(a, f"half {k}", 0.25 * ohm), (f"half {k}", b, 0.75 * ohm)]
        elif split and k % 4 == 1:
            rows += [(b, a, 3 * ohm), (a, b, 1.5 * ohm)]
        else:
            rows.append((a, b, ohm))
    order = rng.permutation(len(rows))
    conn = [f"*P {node(n)} B" for n in net.pins] + [f"*I {node(n)} I *D DWMTJ" for n in net.instance_pins]
    caps = [(node(one), farad / 2000) for one, far, farad in net.capacitors if far is None]
    return [
        f"*D_NET {_name(net.name)} {net.total / 2000!r} *V 3", "*CONN", *(conn[k] for k in rng.permutation(len(conn))),
        *(["*CAP"] if caps else []), *(f"{n} {at} {farad!r}" for n, (at, farad) in enumerate(caps, 1)),
        *(["*RES"] if rows else []),
        *(f"{n} {node(rows[k][0])}\n  {node(rows[k][1])} {rows[k][2] / 500!r}" for n, k in enumerate(order, 1)),
        "*END",
    ]  # fmt: skip


def _name(name: str) -> str:
    return re.sub(r"([^A-Za-z0-9])", r"\\\1", name)  # underscores too, as is allowed
