"""GraphML: nodes and edges as XML elements.

Source: Brandes et al., GraphML progress report, Graph Drawing (2001). The document is read as a stream by expat; one
that declares a document type is refused, so there are no entities to expand and nothing outside it is opened.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from xml.parsers import expat

import networkx as nx

from hwlib.errors import InputError, shown
from hwlib.graph_formats.attributes import Attributes
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import MAX_EDGES, READ, GraphFile

_NAMESPACE = "http://graphml.graphdrawing.org/"
_DEPTH = 100
_NESTED = {"edge": "graph", "node": "graph", "graph": "graphml", "key": "graphml"}  # element: the one it stands in


class _Edge(NamedTuple):
    line: int
    source: str
    target: str
    values: dict[str, str]  # by key


def read(file: GraphFile) -> nx.Graph:
    """Read a GraphML file: one graph; a directed one has every edge both ways, unless it is asked for.

    Raises:
        InputError: one line with file and line number.
    """
    reader = _Reader(file)
    try:
        reader.parser.Parse(file.whole(), True)
    except expat.ExpatError as error:
        what = expat.errors.messages.get(error.code, "unknown error")
        raise file.refuse(error.lineno, f"not well-formed XML ({what}); {READ}") from None
    except InputError:
        raise
    except (ValueError, LookupError):
        raise file.refuse(1, f"XML in an encoding that cannot be read; {READ}") from None
    return reader.graph()


class _Reader:
    """Takes expat's events, and keeps what makes a graph."""

    def __init__(self, file: GraphFile):
        self.file = file
        self.index: dict[str, int] = {}
        self.edges: list[_Edge] = []
        self.names: dict[str, str] = {}  # key: attribute of edges
        self.defaults: dict[str, str] = {}
        self.directed: bool | None = None  # no graph yet
        self._open: list[str] = []  # elements
        self._key = ""  # of the <key> or <data> that is open
        self._text: list[str] | None = None
        parser: Any = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        self.parser = parser

    @property
    def line(self) -> int:
        """Where the parser is."""
        return int(self.parser.CurrentLineNumber)

    def _doctype(self, *_: object) -> None:
        raise self.file.refuse(self.line, f"declares a document type (<!DOCTYPE …>), GraphML needs none; {READ}")

    def _start(self, name: str, values: dict[str, str]) -> None:
        element, parent = self._admitted(name), self._open[-1] if self._open else ""
        self._open.append(element)
        if element == "graph":
            self._graph(values)
        elif element == "node":
            self._node(values.get("id"))
        elif element == "edge":
            self._edge(values)
        elif element == "key":
            self._key = values.get("id", "")
            if values.get("for", "all") in ("edge", "all"):
                self.names[self._key] = values.get("attr.name", self._key)
        elif element == "data" and parent == "edge":
            self._key, self._text = values.get("key", ""), []
        elif element == "default" and parent == "key":
            self._text = []

    def _admitted(self, name: str) -> str:
        """The name of an element where it may stand; empty for one of another vocabulary, which is passed over."""
        space, _, element = name.rpartition(" ")
        if not self._open and element != "graphml":
            raise self.file.refuse(self.line, f"XML begins with <{element:.30}>, not <graphml>; {READ}")
        if len(self._open) >= _DEPTH:
            raise self.file.refuse(self.line, f"elements nested deeper than {_DEPTH}")
        if space and not space.startswith(_NAMESPACE):
            return ""
        parent = self._open[-1] if self._open else ""
        if element in _NESTED and parent != _NESTED[element]:
            raise self.file.refuse(self.line, f"<{element}> in <{parent}>; read is one graph that is not nested")
        if element in ("hyperedge", "port"):
            raise self.file.refuse(self.line, f"<{element}>; read are edges of two nodes")
        return element

    def _graph(self, values: dict[str, str]) -> None:
        if self.directed is not None:
            raise self.file.refuse(self.line, "a second graph, allowed is one")
        default = values.get("edgedefault", "undirected")
        if default not in ("directed", "undirected"):
            raise self.file.refuse(self.line, f"edgedefault {shown(default)}, allowed directed and undirected")
        self.directed = default == "directed"

    def _node(self, name: str | None) -> None:
        if name is None:
            raise self.file.refuse(self.line, "node without id")
        if name in self.index:
            raise self.file.refuse(self.line, f"node id {shown(name)} again")
        self.index[name] = len(self.index)
        if len(self.index) > self.file.max_nodes:
            raise self.file.refuse(self.line, f"more nodes than {self.file.max_nodes}, the most allowed")

    def _edge(self, values: dict[str, str]) -> None:
        source, target = values.get("source"), values.get("target")
        if source is None or target is None:
            raise self.file.refuse(self.line, "edge without source and target")
        self._direction(values.get("directed"))
        self.edges.append(_Edge(self.line, source, target, {}))
        if len(self.edges) > 2 * MAX_EDGES:
            raise self.file.refuse(self.line, f"more than {MAX_EDGES} edges")

    def _direction(self, word: str | None) -> None:
        """What an edge says of itself: where all say the same, the graph's default is not asked."""
        if word not in (None, "true", "false"):
            raise self.file.refuse(self.line, f"directed {shown(word)}, allowed true and false")
        directed = self.directed if word is None else word == "true"
        if self.edges and directed != self.directed:
            raise self.file.refuse(self.line, "directed and undirected edges in one graph, allowed are either")
        self.directed = directed

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        if self._text is not None and element in ("data", "default"):
            value = "".join(self._text).strip()
            if element == "data":
                self.edges[-1].values[self._key] = value
            else:
                self.defaults[self._key] = value
            self._text = None

    def graph(self) -> nx.Graph:
        """The graph, once the document is at its end."""
        if not self.index:
            raise self.file.refuse(self.line, "no <node> in a <graph>")
        edges = Edges(self.file, list(self.index), twice="required" if self.directed else "refused")
        attributes = Attributes(self.file)
        given = {self.names[key]: value for key, value in self.defaults.items() if key in self.names}
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in self.index:
                    raise self.file.refuse(edge.line, f"edge to {shown(end)}, no node has this id")
            values = given | {self.names.get(key, key): value for key, value in edge.values.items()}
            weight = attributes.weight(edge.line, values)
            edges.add(edge.line, self.index[edge.source], self.index[edge.target], weight)
        attributes.remark(edges)
        return edges.graph(self.line)
