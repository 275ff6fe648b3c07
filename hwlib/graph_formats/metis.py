"""METIS: ``nodes edges [fmt [ncon]]``, then a line per node with its neighbours; nodes count from 1.

Source: Karypis, METIS 5.1 manual (2013), section 4.1.1. Chaco files are alike. A node without neighbours has an empty
line. ``fmt`` says whether nodes have sizes (100) and weights (10), ``ncon`` each, and edges weights (1).
"""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx

from hwlib.errors import InputError, shown
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import GraphFile, Line

_COMMENTS = ("%", "#")
_MAX_LINE = 2**20
_MOST_WEIGHTS = 20  # of a node


class _Header(NamedTuple):
    nodes: int
    edges: int
    before: int  # words of a line before its neighbours
    weighted: bool


def read(file: GraphFile) -> nx.Graph:
    """Read a METIS file; sizes and weights of nodes say nothing about a cut and are passed over.

    Raises:
        InputError: one line with file and line number.
    """
    file.without_attributes()
    lines = file.lines(_COMMENTS, blank=True, longest=_MAX_LINE)
    first = next((line for line in lines if line[1]), (1, ""))
    header = _header(file, first)
    edges = Edges(file, header.nodes, twice="required")
    node, number = 0, first[0]
    for number, text in lines:
        if node < header.nodes:
            _neighbours(edges, header, node, (number, text))
            node += 1
        elif text:
            raise file.refuse(number, f"more lines than the {header.nodes} nodes the header declares")
    if node < header.nodes:
        raise file.refuse(number, f"ends after {node} nodes, the header declares {header.nodes}")
    if len(edges) != 2 * header.edges:
        made = f"the header's {header.edges} edges make {2 * header.edges}"
        raise file.refuse(number, f"{len(edges)} neighbours in all, {made}")
    return edges.graph(number)


def _header(file: GraphFile, line: Line) -> _Header:
    number, words = line[0], line[1].split()
    nodes, edges = file.counts(line, words[:2], "nodes edges")
    form, weights, *more = words[2:] + ["0", "1"][len(words[2:]) :]
    found = f"header {shown(line[1], 30)}, allowed"
    if more or len(form) > 3 or not set(form) <= {"0", "1"}:
        raise file.refuse(number, f"{found} 'nodes edges [fmt [ncon]]' with fmt as 1 or 011")
    if not weights.isascii() or not weights.isdigit() or len(weights) > 2 or not 1 <= int(weights) <= _MOST_WEIGHTS:
        raise file.refuse(number, f"{found} 1 to {_MOST_WEIGHTS} weights of a node (ncon)")
    sizes, of_nodes, of_edges = (digit == "1" for digit in form.zfill(3))
    return _Header(nodes, edges, int(sizes) + int(weights) * int(of_nodes), of_edges)


def _neighbours(edges: Edges, header: _Header, node: int, line: Line) -> None:
    number, text = line
    words = text.split()
    step = 2 if header.weighted else 1
    if len(words) < header.before or (len(words) - header.before) % step:
        wanted = f"{header.before} numbers and " * bool(header.before) + ("neighbour weight …" if step == 2 else "…")
        raise edges.file.refuse(number, f"found {shown(text)}, allowed {wanted!r}, as the header says")
    for k in range(header.before, len(words), step):
        weight = edges.file.number(number, words[k + 1]) if header.weighted else 1.0
        other = edges.index(number, words[k])
        if other == node:
            raise edges.file.refuse(number, f"node {node + 1} is its own neighbour; METIS has no such edges")
        edges.add(number, node, other, weight)


def fits(file: GraphFile) -> bool:
    """Whether a file that is open reads as METIS; reads it from its beginning."""
    file.stream.seek(0)
    try:
        read(file)
    except InputError:
        return False
    return True
