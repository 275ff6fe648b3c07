"""DIMACS: ``p edge nodes edges``, then ``e i j [weight]`` per edge, or ``a i j weight`` per arc; nodes count from 1.

Source: DIMACS, Clique and coloring problems graph format (1993); The first DIMACS implementation challenge (1991) for
arcs. Many colouring files give every edge from both ends and count it twice.
"""

from __future__ import annotations

import networkx as nx

from hwlib.errors import shown
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import READ, GraphFile, Line

PROBLEMS = ("edge", "edges", "col", "cut", "max", "sp")
_SAY_NOTHING = ("n", "d", "v", "x")  # of nodes: weights, sources and sinks, places


def read(file: GraphFile) -> nx.Graph:
    """Read a DIMACS file; arcs come in equal pairs, one each way, unless a directed graph is asked for.

    Raises:
        InputError: one line with file and line number.
    """
    file.without_attributes()
    edges: Edges | None = None
    declared, number, kind = 0, 1, ""
    for number, text in file.lines(()):
        words = text.split()
        if words[0] == "c" or words[0] in _SAY_NOTHING:
            continue
        if words[0] == "p":
            if edges is not None:
                raise file.refuse(number, "a second problem line, allowed is one")
            nodes, declared = _problem(file, (number, text))
            edges = Edges(file, nodes, twice="allowed")
        elif words[0] not in ("e", "a"):
            raise file.refuse(number, f"found {shown(text)}, DIMACS lines begin with c, p, e or a; {READ}")
        elif edges is None:
            raise file.refuse(number, f"found {shown(text)} before the header 'p edge nodes edges'")
        else:
            kind = _add(edges, number, words, kind, declared)
    if edges is None:
        raise file.refuse(number, f"no header 'p edge nodes edges'; {READ}")
    if len(edges) != declared:
        raise file.refuse(number, f"ends after {len(edges)} edges, the header declares {declared}")
    return edges.graph(number)


def _problem(file: GraphFile, line: Line) -> list[int]:
    words = line[1].split()
    if len(words) != 4 or words[1] not in PROBLEMS:
        raise file.refuse(line[0], f"header {shown(line[1])}, allowed 'p edge nodes edges' with {', '.join(PROBLEMS)}")
    return file.counts(line, words[2:], "nodes edges")


def _add(edges: Edges, number: int, words: list[str], kind: str, declared: int) -> str:
    """Take an edge or arc; return which of them the file has."""
    file = edges.file
    if len(words) not in ((3, 4) if words[0] == "e" else (4,)):
        form = "'e i j' or 'e i j weight'" if words[0] == "e" else "'a i j weight'"
        raise file.refuse(number, f"found {shown(' '.join(words))}, allowed {form}")
    if kind and kind != words[0]:
        raise file.refuse(number, "edges (e) and arcs (a) in one file, allowed are either")
    if words[0] == "a":
        edges.twice, edges.noun = "required", "arc"
    if len(edges) >= declared:
        raise file.refuse(number, f"more edges than the {declared} the header declares")
    weight = file.number(number, words[3]) if len(words) == 4 else 1.0
    edges.add(number, edges.index(number, words[1]), edges.index(number, words[2]), weight)
    return words[0]
