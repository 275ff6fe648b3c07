"""Reading files of the Standard Parasitic Exchange Format, SPEF (IEEE 1481): nets, their nodes, resistors, capacitors.

What the standard allows of a flat, detailed netlist of resistors and capacitors is taken, from any tool; statements may
be broken over lines. What a network of resistors cannot hold (reduced nets, inductances, further files) is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.extraction.spef_words import SpefWords, is_number, last_separator
from hwlib.nets import in_comment
from hwlib.quantities import whole_number
from hwlib.storage.files import MAX_TEXT_BYTES, read_text

_TEXTS = ("*DESIGN", "*DATE", "*VENDOR", "*PROGRAM", "*VERSION", "*DESIGN_FLOW")
_NEEDED = ("*DELIMITER", "*C_UNIT", "*R_UNIT")  # without these no name and no value has a meaning
_SEPARATORS = {"*DIVIDER": "/", "*DELIMITER": ":"}
_SIGNS = "./:|"
_UNITS = {
    "*T_UNIT": {"NS": 1e-9, "PS": 1e-12}, "*C_UNIT": {"PF": 1e-12, "FF": 1e-15}, "*R_UNIT": {"OHM": 1.0, "KOHM": 1e3},
    "*L_UNIT": {"HENRY": 1.0, "MH": 1e-3, "UH": 1e-6},
}  # fmt: skip
_HEADER = (*_TEXTS, *_SEPARATORS, "*BUS_DELIMITER", *_UNITS)
_REFUSED = {
    "*R_NET": "a reduced net has no wires", "*R_PNET": "a reduced net has no wires",
    "*D_PNET": "physical nets are not read", "*INDUC": "inductances are not simulated",
    "*DEFINE": "one flat file is read, no other blocks' files", "*PHYSICAL_PORTS": "physical ports are not read",
    "*PDEFINE": "one flat file is read, no other blocks' files",
}  # fmt: skip
_OHM, _FARAD, _FARTHEST = (1e-12, 1e18), 1e-3, 1e9  # what a wire, a net, and a coordinate (µm) may have
_INDEX = re.compile(r"\*[1-9][0-9]{0,17}")
_ATTRIBUTES = {"*C": (2, 2), "*L": (1, 1), "*S": (1, 3)}  # of a connection: fewest and most numbers


class SpefNode(NamedTuple):
    """A node: ``base`` is a port's, an instance's or the net's full name, ``pin`` the terminal's or the node's own."""

    base: str
    pin: str = ""

    def __str__(self) -> str:
        return f"{self.base}:{self.pin}" if self.pin else self.base


class Element(NamedTuple):
    """A resistor or capacitor: its ends (``second`` is None to ground), value in SI units, and line."""

    first: SpefNode
    second: SpefNode | None
    value: float
    line: int


@dataclass
class ParasiticNet:
    """A net of the file.

    Attributes:
        name, line: in full, and where the net begins.
        farad: its total capacitance in F as the file gives it.
        ports, terminals: its connections, each with its line.
        places: coordinates of its own nodes where it gives them, as written.
        resistors, capacitors: in the file's order.
    """

    name: str
    line: int
    farad: float
    ports: dict[SpefNode, int] = field(default_factory=dict)
    terminals: dict[SpefNode, int] = field(default_factory=dict)
    places: dict[SpefNode, tuple[float, float]] = field(default_factory=dict)
    resistors: list[Element] = field(default_factory=list)
    capacitors: list[Element] = field(default_factory=list)

    def holds(self, node: SpefNode) -> bool:
        """Whether a node is one of this net's connections or inner nodes."""
        return node in self.terminals or node in self.ports or (node.base == self.name and node.pin != "")


@dataclass(frozen=True)
class Parasitics:
    """What a SPEF file says.

    Attributes:
        path: of the file, for messages.
        digest: SHA-256 of its text.
        design, program: which design, and which tool wrote it, in printable ASCII.
        nets: by full name, in the file's order.
    """

    path: str
    digest: str
    design: str
    program: str
    nets: dict[str, ParasiticNet]

    @property
    def title(self) -> str:
        """File, beginning of its digest, and tool: for attributes, manifests and reports."""
        return (
            f"{in_comment(Path(self.path).name)[:80]}, SHA-256 {self.digest[:12]}, by {self.program or 'no tool named'}"
        )


@takes_kinds
def read_spef(path: str | Path, largest: int = MAX_TEXT_BYTES) -> Parasitics:
    """Read a SPEF file.

    Values like ``1.0:2.0:3.0`` (best, typical, worst) count as the typical one. Resistors of 0 Ω say that two names are
    one node.

    Args:
        path: the file.
        largest: allowed size in bytes.

    Raises:
        InputError: missing, no regular file, too large, not SPEF, cut off, or with a statement that cannot be used, by
            its line.
    """
    text = read_text(path, "SPEF", whole_number(largest, "largest", most=2**40))
    if not text.lstrip().startswith(("*SPEF", "//", "/*")):
        raise InputError(f"{path}: not a SPEF file (it starts with *SPEF)")
    return _SpefReader(SpefWords(str(path), text)).read(hashlib.sha256(text.encode()).hexdigest())


class _SpefReader:
    def __init__(self, words: SpefWords):
        self.words = words
        self.header: dict[str, str] = {}
        self.scale: dict[str, float] = {}
        self.signs = dict(_SEPARATORS)
        self.names: dict[str, str] = {}
        self.ports: set[str] = set()
        self.nets: dict[str, ParasiticNet] = {}
        self._nodes: dict[str, SpefNode] = {}

    def read(self, digest: str) -> Parasitics:
        words = self.words
        if words.peek() != "*SPEF":
            raise words.refuse_next("*SPEF")
        words.take("*SPEF")
        words.quoted("*SPEF")
        while words.peek() in _HEADER:
            self._header()
        if missing := [key for key in _NEEDED if key not in self.header]:
            raise words.refuse(f"no {missing[0]} in the header")
        if self.signs["*DIVIDER"] == self.signs["*DELIMITER"]:
            raise words.refuse(f"*DIVIDER and *DELIMITER are both {self.signs['*DIVIDER']}")
        self._sections()
        while words.peek():
            self._net()
        if not self.nets:
            raise words.refuse("the file has no nets (*D_NET); cut off?")
        made = dict.fromkeys(self.header.get(key, "") for key in ("*VENDOR", "*PROGRAM", "*VERSION"))
        program = in_comment(" ".join(" ".join(made).split()))[:80]
        return Parasitics(words.path, digest, in_comment(self.header.get("*DESIGN", ""))[:80], program, self.nets)

    def _header(self) -> None:
        words = self.words
        key = words.take("a header line")
        if key in self.header:
            raise words.refuse(f"{key} stands twice")
        if key in _TEXTS:
            self.header[key] = words.quoted(key)
            while words.peek().startswith('"'):  # a flow has several
                words.quoted(key)
            return
        self.header[key] = word = words.peek()
        if key in _SEPARATORS:
            self.signs[key] = words.take(key)
            if word not in tuple(_SIGNS):
                raise words.refuse(f"{key} {shown(word, 20)}, allowed one of {' '.join(_SIGNS)}")
        elif key in _UNITS:
            self.scale[key] = self._unit(key)
        else:  # of buses: one sign or two
            words.take(key)
            if not words.peek().startswith("*"):
                words.take(key)

    def _unit(self, key: str) -> float:
        count, unit = self.words.number(key), self.words.take(f"the unit of {key}")
        if unit not in _UNITS[key]:
            raise self.words.refuse(f"{key} has the unit {shown(unit, 20)}, allowed {', '.join(_UNITS[key])}")
        if not 1e-6 <= count <= 1e6:
            raise self.words.refuse(f"{key} {count:g} {unit}, allowed 1e-6 to 1e6")
        return count * _UNITS[key][unit]

    def _sections(self) -> None:
        """Name map, ports, and lists of supply nets, each at most once."""
        sections: dict[str, Callable[[], None]] = {
            "*NAME_MAP": self._name_map, "*PORTS": self._port_list, "*POWER_NETS": self._net_list,
            "*GROUND_NETS": self._net_list,
        }  # fmt: skip
        while (word := self.words.peek()) in sections:
            self.words.take(word)
            sections.pop(word)()

    def _name_map(self) -> None:
        known: set[str] = set()
        while _INDEX.fullmatch(self.words.peek()):
            index = self.words.take("an index")
            name = self.words.unescaped(self.words.take(f"the name of {index}"))
            if index in self.names or name in known:
                raise self.words.refuse(f"*NAME_MAP has {shown(index if index in self.names else name)} twice")
            self.names[index] = name
            known.add(name)

    def _listed(self) -> Iterator[str]:
        """Names up to the next section."""
        while (word := self.words.peek()) and (not word.startswith("*") or _INDEX.fullmatch(word)):
            yield self._full(self.words.take("a name"))

    def _port_list(self) -> None:
        for name in self._listed():
            if name in self.ports:
                raise self.words.refuse(f"*PORTS has {shown(name)} twice")
            self.ports.add(name)
            self._direction()
            self._attributes()

    def _net_list(self) -> None:
        for _ in self._listed():
            pass

    def _net(self) -> None:
        words = self.words
        if words.peek() != "*D_NET":
            raise words.refuse_next(f"*D_NET{self._why(words.peek())}")
        words.take("*D_NET")
        name = self._full(words.take("the name of a net"))
        if name in self.nets:
            raise words.refuse(f"net {shown(name)} stands twice, first on line {self.nets[name].line}")
        net = self.nets[name] = ParasiticNet(name, words.line, 0.0)
        net.farad = self._farad("*D_NET")
        if words.peek() == "*V":  # how far its routing is to be trusted
            words.take("*V")
            words.number("*V")
        sections = {"*CONN": self._connections, "*CAP": self._capacitors, "*RES": self._resistors}
        while words.peek() != "*END":
            section = sections.pop(words.peek(), None)
            if section is None:
                if words.peek():
                    raise words.refuse_next(f"{', '.join((*sections, '*END'))}{self._why(words.peek())}")
                words.take(f"*END of net {shown(name)}")
            words.take("a section")
            section(net)  # type: ignore[misc]
        words.take("*END")

    def _why(self, word: str) -> str:
        return f"; {_REFUSED[word]}" if word in _REFUSED else ""

    def _connections(self, net: ParasiticNet) -> None:
        while (kind := self.words.peek()) in ("*P", "*I", "*N"):
            self.words.take(kind)
            node, line = self._node("a connection"), self.words.line
            if kind == "*N":
                if node.base != net.name or not node.pin:
                    raise self.words.refuse(f"*N: {shown(str(node))} is no inner node of net {shown(net.name)}")
            else:
                self._connect(net, kind, node, line)
                self._direction()
            place = self._attributes()
            if place is not None:
                net.places[node] = place

    def _connect(self, net: ParasiticNet, kind: str, node: SpefNode, line: int) -> None:
        mine, refuse = net.ports if kind == "*P" else net.terminals, self.words.refuse
        if (kind == "*P") == bool(node.pin):
            form = "a port" if kind == "*P" else f"instance{self.signs['*DELIMITER']}pin"
            raise refuse(f"{kind}: {shown(str(node))} is not {form} (*DELIMITER is {self.signs['*DELIMITER']})")
        if kind == "*P" and self.ports and node.base not in self.ports:
            raise refuse(f"port {shown(node.base)} is not in *PORTS")
        if node in mine:
            raise refuse(f"{shown(str(node))} is connected twice, first on line {mine[node]}")
        mine[node] = line

    def _direction(self) -> None:
        if (word := self.words.take("I, O or B")) not in ("I", "O", "B"):
            raise self.words.refuse(f"found {shown(word)}, allowed I, O or B")

    def _attributes(self) -> tuple[float, float] | None:
        """Take what stands behind a connection; its coordinates, if it has them."""
        words, place = self.words, None
        while (word := words.peek()) in (*_ATTRIBUTES, "*D"):
            words.take(word)
            if word == "*D":
                words.take("the cell of *D")
                continue
            fewest, most = _ATTRIBUTES[word]
            values = [words.number(word) for _ in range(fewest)]
            while len(values) < most and is_number(words.peek()):
                values.append(words.number(word))
            if word == "*C":
                if max(map(abs, values)) > _FARTHEST:
                    raise words.refuse(f"*C: a coordinate beyond {_FARTHEST:g}")
                place = (values[0], values[1])
        return place

    def _capacitors(self, net: ParasiticNet) -> None:
        while self._row():
            first, line = self._node("a node"), self.words.line
            second = None if is_number(self.words.peek()) else self._node("a node or a capacitance")
            if not (net.holds(first) or (second is not None and net.holds(second))):
                raise self.words.refuse(f"*CAP: {shown(str(first))} is no node of net {shown(net.name)}")
            net.capacitors.append(Element(first, second, self._farad("*CAP"), line))

    def _resistors(self, net: ParasiticNet) -> None:
        while self._row():
            first, line = self._node("a node"), self.words.line
            second = self._node("a node")
            for node in (first, second):
                if not net.holds(node):
                    raise self.words.refuse(f"*RES: {shown(str(node))} is no node of net {shown(net.name)}")
            ohm = self.words.number("*RES") * self.scale["*R_UNIT"]
            if ohm != 0 and not _OHM[0] <= ohm <= _OHM[1]:
                raise self.words.refuse(f"*RES: {ohm:g} ohm, allowed 0 (one node) or {_OHM[0]:g} to {_OHM[1]:g}")
            net.resistors.append(Element(first, second, ohm, line))

    def _row(self) -> bool:
        """Take the number of a row; False at the next section."""
        word = self.words.peek()
        if not word or (word.startswith("*") and not _INDEX.match(word)):
            return False
        if not (word.isascii() and word.isdigit() and len(word) <= 18):
            raise self.words.refuse_next("the number of a row, or the next section")
        self.words.take("a row")
        return True

    def _farad(self, where: str) -> float:
        value = self.words.number(where) * self.scale["*C_UNIT"]
        if not 0 <= value <= _FARAD:
            raise self.words.refuse(f"{where}: a capacitance of {value:g} F, allowed 0 to {_FARAD:g}")
        return value

    def _node(self, wanted: str) -> SpefNode:
        word = self.words.take(wanted)
        found = self._nodes.get(word)
        if found is None:
            place = last_separator(word, self.signs["*DELIMITER"])
            parts = (word,) if place < 0 else (word[:place], word[place + 1 :])
            found = self._nodes[word] = SpefNode(*(self._full(part) for part in parts))
        return found

    def _full(self, word: str) -> str:
        """A name without escapes, or the one that an index stands for."""
        if not word.startswith("*"):
            return self.words.unescaped(word)
        if word not in self.names:
            raise self.words.refuse(f"index {shown(word)} is not in *NAME_MAP")
        return self.names[word]
