"""Edge lists of rudy and Gset: ``nodes edges``, then ``i j [weight]`` per edge; nodes count from 1."""

from __future__ import annotations

import networkx as nx

from hwlib.errors import shown
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import READ, GraphFile

COMMENTS = ("#", "%")


def read(file: GraphFile) -> nx.Graph:
    """Read an edge list; lines that start with ``#`` or ``%`` are comments.

    Raises:
        InputError: one line with file and line number.
    """
    file.without_attributes()
    lines = file.lines(COMMENTS)
    header = next(lines, None)
    if header is None:
        raise file.refuse(1, f"empty; {READ}")
    nodes, declared = file.counts(header, header[1].split(), "nodes edges")
    edges, number = Edges(file, nodes), header[0]
    for number, text in lines:
        words = text.split()
        if len(words) not in (2, 3):
            raise file.refuse(number, f"found {shown(text)}, allowed 'i j' or 'i j weight'")
        if len(edges) >= declared:
            raise file.refuse(number, f"more edges than the {declared} the header declares")
        weight = file.number(number, words[2]) if len(words) == 3 else 1.0
        edges.add(number, edges.index(number, words[0]), edges.index(number, words[1]), weight)
    if len(edges) != declared:
        raise file.refuse(number, f"ends after {len(edges)} edges, the header declares {declared}")
    return edges.graph(number)
