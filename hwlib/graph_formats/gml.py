"""GML: nested lists of keys and values, ``graph [ node [ id 0 ] … edge [ source 0 target 1 ] ]``.

Source: Himsolt, GML: a portable graph file format, University of Passau (1997). Nothing in a file is evaluated, and
lists are followed without recursion.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import NamedTuple

import networkx as nx

from hwlib.errors import InputError, shown
from hwlib.graph_formats.attributes import Attributes
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import MAX_EDGES, READ, GraphFile
from hwlib.storage.files import unix_lines

_DEPTH = 100
_BLANK = r"(?:\s++|\#[^\n]*+)*+"  # and comments
_KEY, _WORD = r"[A-Za-z_][A-Za-z0-9_]*+", r"[^\s\[\]\"#]++"
_PLAIN = re.compile(rf"{_BLANK}((?:{_KEY}\s++{_WORD}\s++)*+)")  # keys with values that are words, many at once
_TOKEN = re.compile(
    rf'{_BLANK}(?:(?P<close>\])|(?P<key>{_KEY}){_BLANK}(?:(?P<open>\[)|"(?P<text>[^"]*+)"|(?P<word>{_WORD})))'
)
# A whole edge as nearly all are written: two ends, then keys with values that are words.
_EDGE = re.compile(
    rf"{_BLANK}(edge)\s*+\[\s*+source\s++({_WORD})\s++target\s++({_WORD})\s++((?:{_KEY}\s++{_WORD}\s++)*+)\]"
)
_ENTITY = re.compile(r"&#?[A-Za-z0-9]+;")  # as HTML's: of the standard's text a character beyond ASCII, or " or &
_REST = re.compile(_BLANK)


class _GmlEdge(NamedTuple):
    line: int
    source: str
    target: str
    weight: float


def read(file: GraphFile) -> nx.Graph:
    """Read a GML file of one graph; a directed one has every edge both ways, unless it is asked for.

    Raises:
        InputError: one line with file and line number.
    """
    content = file.whole()
    file.refuse_binary(content)
    try:
        text = unix_lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise file.refuse(line, f"not a text file; {READ}") from None
    if not re.search(r"\bgraph\s*\[", text):
        raise file.refuse(1, f"no 'graph [' as in GML; {READ}")
    reader = _GmlReader(file, text)
    reader.follow()
    return reader.graph()


class _GmlReader:
    """Follows the lists of a file, and keeps what makes a graph."""

    def __init__(self, file: GraphFile, text: str):
        self.file, self.text = file, text
        self.attributes = Attributes(file)
        self.index: dict[str, int] = {}
        self.labels: list[str] = []
        self.edges: list[_GmlEdge] = []
        self.directed = False
        self._open: list[tuple[str, int]] = []  # lists: key, place in the text
        self._path = ""  # their keys
        self._values: dict[str, str] = {}  # of the node or edge that is open
        self._graphs = 0
        self._line, self._counted = 1, 0

    def follow(self) -> None:
        """Read the text to its end."""
        place, text = 0, self.text
        while True:
            while self._path == "graph" and (edge := _EDGE.match(text, place)) and self._at_once(edge):
                place = edge.end()
            plain = _PLAIN.match(text, place)
            assert plain is not None  # it may be empty
            if plain[1]:
                words = plain[1].split()
                self._take(list(zip(words[::2], words[1::2], strict=True)), plain.start(1))
            token = _TOKEN.match(text, plain.end())
            if token is None:
                break
            place, kind = token.end(), token.lastgroup
            if kind == "close":
                self._end(place - 1)
            elif kind == "open":
                self._begin(token["key"], token.start("key"))
            else:
                self._take([(token["key"], token[kind or 0])], token.start("key"))
        rest = _REST.match(text, plain.end())
        assert rest is not None
        if rest.end() < len(text):
            found = shown(text[rest.end() : rest.end() + 30])
            raise self._refuse(rest.end(), f"found {found}, allowed 'key value' or a bracket")

    def _at_once(self, edge: re.Match[str]) -> bool:
        """Take a whole edge; not one with a key twice, of which the walk over its tokens says what counts."""
        _, source, target, more = edge.groups()
        values: dict[str, str] = {}
        if more:
            words = more.split()
            values = dict(zip(words[::2], words[1::2], strict=True))
            if 2 * len(values) < len(words) or "source" in values or "target" in values:
                return False
        self._keep(edge.start(1), source, target, values)
        return True

    def _refuse(self, place: int, what: str) -> InputError:
        return self.file.refuse(self.text.count("\n", 0, place) + 1, what)

    def _line_of(self, place: int) -> int:
        """Line of a place that is not before the last one asked for."""
        self._line += self.text.count("\n", self._counted, place)
        self._counted = place
        return self._line

    def _take(self, pairs: list[tuple[str, str]], place: int) -> None:
        values = dict(pairs)
        if self._path in ("graph/node", "graph/edge"):
            keys = [*self._values, *(key for key, _ in pairs)]
            self._values.update(values)
            if len(self._values) < len(keys):
                for key in ("id", "source", "target", self.file.weight):
                    if keys.count(key or "") > 1:
                        raise self._refuse(place, f"{shown(key)} twice in one list: which of them counts?")
        elif self._path == "graph" and "directed" in values:
            if values["directed"] not in ("0", "1"):
                raise self._refuse(place, f"directed {shown(values['directed'])}, allowed 0 and 1")
            self.directed = values["directed"] == "1"

    def _begin(self, key: str, place: int) -> None:
        if len(self._open) >= _DEPTH:
            raise self._refuse(place, f"lists nested deeper than {_DEPTH}")
        self._open.append((key, place))
        self._path = f"{self._path}/{key}" if self._path else key
        if self._path == "graph":
            self._graphs += 1
            if self._graphs > 1:
                raise self._refuse(place, "a second graph, allowed is one")
        elif len(self._open) == 2:
            self._values = {}

    def _end(self, place: int) -> None:
        if not self._open:
            raise self._refuse(place, "']' closes nothing")
        key, begun = self._open.pop()
        if self._path == "graph/node":
            self._node(begun)
        elif self._path == "graph/edge":
            self._edge(begun)
        self._path = self._path[: -len(key) - 1]

    def _node(self, place: int) -> None:
        if "id" not in self._values:
            raise self._refuse(place, "node without id")
        name = _same(self._values["id"])
        if name in self.index:
            raise self._refuse(place, f"node id {shown(name)} again")
        self.index[name] = len(self.index)
        self.labels.append(_ENTITY.sub(lambda found: unescape(found[0]), self._values.get("label", name)))
        if len(self.index) > self.file.max_nodes:
            raise self._refuse(place, f"more nodes than {self.file.max_nodes}, the most allowed")

    def _edge(self, place: int) -> None:
        source, target = self._values.pop("source", None), self._values.pop("target", None)
        if source is None or target is None:
            raise self._refuse(place, "edge without source and target")
        self._keep(place, source, target, self._values)

    def _keep(self, place: int, source: str, target: str, values: dict[str, str]) -> None:
        line = self._line_of(place)
        weight = self.attributes.weight(line, values)
        self.edges.append(_GmlEdge(line, _same(source), _same(target), weight))
        if len(self.edges) > 2 * MAX_EDGES:
            raise self._refuse(place, f"more than {MAX_EDGES} edges")

    def graph(self) -> nx.Graph:
        """The graph, once the file is at its end."""
        if self._open:
            key, place = self._open[-1]
            raise self._refuse(place, f"{shown(key)} opens a list that the file does not close")
        if not self.index:
            raise self._refuse(len(self.text), "no node; 'graph [ node [ id 1 ] ]' has one")
        edges = Edges(self.file, self.labels, twice="required" if self.directed else "refused")
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in self.index:
                    raise self.file.refuse(edge.line, f"edge to {shown(end)}, no node has this id")
            edges.add(edge.line, self.index[edge.source], self.index[edge.target], edge.weight)
        self.attributes.remark(edges)
        return edges.graph(self.text.count("\n") + 1)


@lru_cache(maxsize=2**16)  # an id stands in many edges
def _same(word: str) -> str:
    """One spelling for one id: numbers may have a sign and leading zeros."""
    digits = word[1:] if word[:1] in ("+", "-") else word
    return str(int(word)) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else word
