"""Graph file formats: a module each, listed with their suffixes and the look of their first line.

``hwlib.graph_reader.read_graph`` is the call for users.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import networkx as nx

from hwlib.errors import shown
from hwlib.graph_formats import dimacs, edge_list, gml, graphml, matrix_market, metis
from hwlib.graph_formats.graph_file import READ, GraphFile


class GraphFormat(NamedTuple):
    """A format that is read.

    Attributes:
        name: for messages.
        suffixes: of its files, lower case.
        begins: matches its first line that says something.
        read: makes the graph of a file.
    """

    name: str
    suffixes: tuple[str, ...]
    begins: re.Pattern[str]
    read: Callable[[GraphFile], nx.Graph]


FORMATS = (
    GraphFormat(
        "Matrix Market", (".mtx", ".mm"), re.compile(r"%{1,2}\s*MatrixMarket\b", re.IGNORECASE), matrix_market.read
    ),
    GraphFormat("DIMACS", (".col", ".clq", ".dimacs"), re.compile(r"[cp](\s|$)"), dimacs.read),
    GraphFormat(
        "GML", (".gml",), re.compile(r"(graph|creator|version|comment|label|directed)\b", re.IGNORECASE), gml.read
    ),
    GraphFormat("GraphML", (".graphml", ".xml"), re.compile("<"), graphml.read),
    GraphFormat("METIS", (".graph", ".metis", ".chaco"), re.compile("(?!)"), metis.read),  # begins as an edge list does
    GraphFormat("rudy/Gset edge list", (".rudy", ".rud", ".mc"), re.compile(""), edge_list.read),  # any other
)


# Formats that are not read: name, and how the first line begins that says something.
NOT_READ = (
    ("Pajek", re.compile(r"\*\s*(vertices|network)\b", re.IGNORECASE)),
    ("LEDA", re.compile(r"LEDA\.GRAPH\b")),
    ("Graphviz DOT", re.compile(r"(strict\s+)?(graph|digraph)\b[^\[]*\{", re.IGNORECASE)),
    ("UCINET DL", re.compile(r"DL\b", re.IGNORECASE)),
    ("graph6", re.compile(r">>(graph6|sparse6|digraph6)<<")),
    ("JSON", re.compile(r"[\[{]")),
    ("TSPLIB", re.compile(r"(NAME|TYPE|DIMENSION)\s*:")),
    ("CSV", re.compile(r"[^,;]*[,;]")),
)


def format_of(file: GraphFile) -> GraphFormat:
    """The format of a file: by its suffix, where that names one, otherwise by how it begins.

    Raises:
        InputError: it begins as a format does that is not read.
    """
    suffix = file.path.suffix.lower()
    by_suffix = next((each for each in FORMATS if suffix in each.suffixes), None)
    if by_suffix is not None:
        return by_suffix
    number, first = file.first_line()
    text = "\ufffd" not in first and "\0" not in first  # else binary data, which any of them may begin like
    for name, begins in NOT_READ:
        if text and begins.match(first):
            raise file.refuse(number, f"found {shown(first, 30)}, which looks like {name}; {READ}")
    return next(each for each in FORMATS if each.begins.match(first))
