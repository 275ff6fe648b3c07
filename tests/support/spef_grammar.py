"""The grammar of IEEE 1481 (SPEF), as far as wires need it, taken literally: what it does not allow is an error.

Also what the standard says in words: an index is given once and before it is used, a port is declared before it is
connected, a net's nodes are its own but for the far end of a coupling, its total capacitance is the sum of its parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SPECIAL = re.escape("!#$%&`()*+,-./:;<=>?@[\\]^'{|}~")
IDENTIFIER = rf"(?:\\[{SPECIAL}\"]|[A-Za-z0-9_])+"
QSTRING = rf'"(?:[{SPECIAL}A-Za-z0-9_ \t])*"'
INDEX = r"\*[1-9][0-9]*"
FLOAT = r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|(?:[0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+)"
NUMBER = rf"(?:{FLOAT}|[+-]?[0-9]+)"
POSITIVE = r"[1-9][0-9]*"
FLOW = (
    "EXTERNAL_LOADS|EXTERNAL_SLEWS|FULL_CONNECTIVITY|MISSING_NETS|NETLIST_TYPE (?:VERILOG|VHDL87|VHDL93|EDIF)|"
    "ROUTING_CONFIDENCE [0-9]+|NAME_SCOPE (?:LOCAL|FLAT)|PIN_CAP (?:NONE|INPUT_OUTPUT|INPUT_ONLY)"
)


class GrammarError(ValueError):
    """A line that the grammar does not allow."""


@dataclass
class SpefNet:
    """A detailed net: its connections, capacitors and resistors.

    Nodes have full names; a blank, which no name can hold, stands for the delimiter.
    """

    name: str
    total: float
    pins: list[str] = field(default_factory=list)
    instance_pins: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    capacitors: list[tuple[str, str | None, float]] = field(default_factory=list)
    resistors: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass
class SpefFile:
    """What a file says."""

    header: dict[str, list[str]]
    names: dict[str, str]
    ports: list[str]
    nets: list[SpefNet]


def parse(text: str) -> SpefFile:
    """Parse a whole file.

    Raises:
        GrammarError: at the first line that is not allowed, with its number.
    """
    return _Parser(text).file()


class _Parser:
    def __init__(self, text: str):
        lines = (line.partition("//")[0].strip() for line in text.splitlines())
        self._lines = [(number, line) for number, line in enumerate(lines, start=1) if line]
        self._at = 0
        self.names: dict[str, str] = {}
        self.ports: list[str] = []

    def file(self) -> SpefFile:
        header = self._header()
        if self._head() == "*NAME_MAP":
            self._take(r"\*NAME_MAP")
            self._some(self._map_entry)
        if self._head() == "*PORTS":
            self._take(r"\*PORTS")
            self._some(self._port)
        nets: list[SpefNet] = []
        self._some(lambda: self._net(nets))
        if self._at < len(self._lines):
            self._fail("end of the file expected")
        return SpefFile(header, self.names, self.ports, nets)

    def _header(self) -> dict[str, list[str]]:
        forms = [
            ("*SPEF", rf"({QSTRING})"), ("*DESIGN", rf"({QSTRING})"), ("*DATE", rf"({QSTRING})"),
            ("*VENDOR", rf"({QSTRING})"), ("*PROGRAM", rf"({QSTRING})"), ("*VERSION", rf"({QSTRING})"),
            ("*DESIGN_FLOW", rf'("(?:{FLOW})"(?: "(?:{FLOW})")*)'), ("*DIVIDER", r"([./:|])"),
            ("*DELIMITER", r"([./:|])"), ("*BUS_DELIMITER", r"([\[{(<:.])(?: ([\]})>]))?"),
            ("*T_UNIT", rf"({NUMBER}) (NS|PS)"), ("*C_UNIT", rf"({NUMBER}) (PF|FF)"),
            ("*R_UNIT", rf"({NUMBER}) (OHM|KOHM)"), ("*L_UNIT", rf"({NUMBER}) (HENRY|MH|UH)"),
        ]  # fmt: skip
        header = {key: list(self._take(rf"{re.escape(key)} {form}").groups()) for key, form in forms}
        self.divider, self.delimiter = header["*DIVIDER"][0], header["*DELIMITER"][0]
        if self.divider == self.delimiter:
            self._fail("divider and delimiter are the same")
        return header

    def _map_entry(self) -> bool:
        if not re.match(INDEX, self._line()):
            return False
        path = rf"{IDENTIFIER}(?:{re.escape(self.divider)}{IDENTIFIER})*"
        index, name = self._take(rf"({INDEX}) ({path})").groups()
        if index in self.names or name in self.names.values():
            self._fail("an index or a name stands twice in the name map")
        self.names[index] = re.sub(r"\\(.)", r"\1", name)
        return True

    def _port(self) -> bool:
        if self._head() == "*D_NET" or self._at == len(self._lines):
            return False
        name = self._take(rf"({INDEX}|{IDENTIFIER}) [IBO](?: \*C {NUMBER} {NUMBER})?")[1]
        if name in self.ports:
            self._fail("a port is declared twice")
        self.ports.append(self._known(name))
        return True

    def _net(self, nets: list[SpefNet]) -> bool:
        if self._head() != "*D_NET":
            return False
        name, total = self._take(rf"\*D_NET ({INDEX}|{IDENTIFIER}) ({FLOAT})").groups()
        net = SpefNet(self._known(name), float(total))
        if net.name in [other.name for other in nets]:
            self._fail("a net is given twice")
        if self._head() == "*CONN":
            self._take(r"\*CONN")
            self._some(lambda: self._connection(net))
            while self._head() == "*N":
                self._internal(net, name)
        for head, values, ends in (("*CAP", net.capacitors, 1), ("*RES", net.resistors, 2)):
            if self._head() == head:
                self._take(re.escape(head))
                self._elements(net, name, values, ends)
        self._take(r"\*END")
        if abs(sum(value for *_, value in net.capacitors) - net.total) > 1e-4 * net.total + 1e-9:
            self._fail("the total capacitance is not the sum of the net's capacitors")
        nets.append(net)
        return True

    def _connection(self, net: SpefNet) -> bool:
        attributes = rf"[IBO](?: \*C {NUMBER} {NUMBER})?"
        if self._head() == "*P":
            name = self._known(self._take(rf"\*P ({INDEX}|{IDENTIFIER}) {attributes}")[1])
            if name not in self.ports:
                self._fail("a port that was not declared")
            net.pins.append(name)
        elif self._head() == "*I":
            form = rf"\*I ({INDEX}|{IDENTIFIER}){re.escape(self.delimiter)}({INDEX}|{IDENTIFIER}) {attributes}"
            instance, pin = self._take(form).groups()
            net.instance_pins.append(f"{self._known(instance)} {self._known(pin)}")
        else:
            return False
        return True

    def _internal(self, net: SpefNet, own: str) -> None:
        form = rf"\*N {re.escape(own)}{re.escape(self.delimiter)}({POSITIVE}) \*C {NUMBER} {NUMBER}"
        net.inner.append(f"{net.name} {self._take(form)[1]}")

    def _elements(self, net: SpefNet, own: str, values: list, ends: int) -> None:
        node = rf"(?:{INDEX}|{IDENTIFIER})(?:{re.escape(self.delimiter)}(?:{INDEX}|{IDENTIFIER}))?"
        second = rf" ({node})" if ends == 2 else rf"(?: ({node}))?"
        number = 0

        def element() -> bool:
            nonlocal number
            if self._head().startswith("*"):
                return False
            identity, one, other, value = self._take(rf"({POSITIVE}) ({node}){second} ({FLOAT})").groups()
            number += 1
            if int(identity) != number or float(value) < 0:
                self._fail("elements are numbered from 1, and none is negative")
            full = [None if each is None else self._node(each) for each in (one, other)]
            mine = [each in (*net.pins, *net.instance_pins) or self._is_inner(net, each) for each in full if each]
            if not (all(mine) if ends == 2 else any(mine)):
                self._fail("a node of no such net")
            values.append((full[0], full[1], float(value)))
            return True

        self._some(element)

    def _is_inner(self, net: SpefNet, node: str) -> bool:
        base, _, number = node.rpartition(" ")
        return base == net.name and re.fullmatch(POSITIVE, number) is not None

    def _node(self, name: str) -> str:
        return " ".join(self._known(part) for part in re.split(rf"(?<!\\){re.escape(self.delimiter)}", name))

    def _known(self, name: str) -> str:
        if name.startswith("*"):
            if name not in self.names:
                self._fail(f"index {name} is not in the name map")
            return self.names[name]
        return re.sub(r"\\(.)", r"\1", name)

    def _line(self) -> str:
        return self._lines[self._at][1] if self._at < len(self._lines) else ""

    def _head(self) -> str:
        return self._line().split(" ")[0]

    def _take(self, form: str) -> re.Match[str]:
        match = re.fullmatch(form, re.sub(r"[ \t]+", " ", self._line()))
        if match is None:
            self._fail(f"{form} expected")
        self._at += 1
        return match

    def _some(self, entry) -> None:
        """One or more."""
        count = 0
        while entry():
            count += 1
        if count == 0:
            self._fail("an entry expected")

    def _fail(self, why: str) -> None:
        number, line = self._lines[min(self._at, len(self._lines) - 1)]
        raise GrammarError(f"line {number}: {line!r}: {why}")
