"""Graph file formats: a module each, listed with their suffixes and the look of their first line.

``hwlib.graph_reader.read_graph`` is the call for users.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import networkx as nx

from hwlib.graph_formats import dimacs, edge_list, gml, graphml, matrix_market
from hwlib.graph_formats.graph_file import GraphFile


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
    GraphFormat("rudy/Gset edge list", (".rudy", ".rud", ".mc"), re.compile(""), edge_list.read),  # any other
)


def format_of(file: GraphFile) -> GraphFormat:
    """The format of a file: by its suffix, where that names one, otherwise by how it begins."""
    suffix = file.path.suffix.lower()
    by_suffix = (each for each in FORMATS if suffix in each.suffixes)
    first = file.first_line()
    return next(by_suffix, None) or next(each for each in FORMATS if each.begins.match(first))
