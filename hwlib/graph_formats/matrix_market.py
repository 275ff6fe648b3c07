"""Matrix Market: a graph as its symmetric matrix, sparse (``coordinate``) or dense (``array``).

Source: Boisvert, Pozo and Remington, The Matrix Market exchange formats, NISTIR 5935 (1996).
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from hwlib.errors import shown
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import MAX_EDGES, READ, GraphFile, Line

BANNER = "%%MatrixMarket"
FIELDS = ("real", "integer", "pattern")
SYMMETRIES = ("symmetric", "general")


def read(file: GraphFile) -> nx.Graph:
    """Read a Matrix Market file; a general matrix is symmetric in its values, unless a directed graph is asked for.

    Raises:
        InputError: one line with file and line number.
    """
    file.without_attributes()
    lines = file.lines(())
    form, field, symmetry = _banner(file, next(lines, (1, "")))
    said = (line for line in lines if not line[1].startswith("%"))
    sizes = next(said, None)
    if sizes is None:
        what = "rows columns entries" if form == "coordinate" else "rows columns"
        raise file.refuse(1, f"ends after its header, '{what}' must follow")
    walk = _sparse if form == "coordinate" else _dense
    return walk(file, sizes, said, field, symmetry)


def _banner(file: GraphFile, line: Line) -> tuple[str, str, str]:
    number, text = line
    words = text.lower().split()
    if not words or words[0] != BANNER.lower():
        other = "" if text.startswith("%") else f"; {READ}"
        raise file.refuse(number, f"header {shown(text, 30)}, Matrix Market begins with {BANNER} (two %){other}")
    if len(words) != 5 or words[1] != "matrix" or words[2] not in ("coordinate", "array"):
        raise file.refuse(
            number, f"header {shown(text)}, allowed '{BANNER} matrix coordinate <field> <symmetry>', or array"
        )
    fields = FIELDS if words[2] == "coordinate" else FIELDS[:2]
    if words[3] not in fields or words[4] not in SYMMETRIES:
        raise file.refuse(
            number, f"header says {shown(' '.join(words[3:]))}, allowed {', '.join(fields)} and {', '.join(SYMMETRIES)}"
        )
    return words[2], words[3], words[4]


def _sparse(file: GraphFile, sizes: Line, lines: Iterator[Line], field: str, symmetry: str) -> nx.Graph:
    n, columns, entries = file.counts(sizes, sizes[1].split(), "rows columns entries")
    _square(file, sizes[0], n, columns)
    edges, number = Edges(file, n, twice="required" if symmetry == "general" else "refused", noun="entry"), sizes[0]
    form = ("i", "j") if field == "pattern" else ("i", "j", "weight")
    for number, text in lines:
        words = text.split()
        if len(words) != len(form):
            raise file.refuse(number, f"found {shown(text)}, allowed '{' '.join(form)}'")
        if len(edges) >= entries:
            raise file.refuse(number, f"more entries than the {entries} the header declares")
        weight = _value(file, number, words[2], field) if field != "pattern" else 1.0
        edges.add(number, edges.index(number, words[0]), edges.index(number, words[1]), weight)
    if len(edges) != entries:
        raise file.refuse(number, f"ends after {len(edges)} entries, the header declares {entries}")
    return edges.graph(number)


def _dense(file: GraphFile, sizes: Line, lines: Iterator[Line], field: str, symmetry: str) -> nx.Graph:
    """A matrix column by column; of a symmetric one the part from the diagonal down. Zeros are no edges."""
    n, columns = file.counts(sizes, sizes[1].split(), "rows columns", edges=False)
    _square(file, sizes[0], n, columns)
    if n * (n - 1) // 2 > MAX_EDGES:
        raise file.refuse(sizes[0], f"dense matrix of {n} nodes has more than {MAX_EDGES} edges")
    places = ((i, j) for j in range(n) for i in range(j if symmetry == "symmetric" else 0, n))
    wanted = n * (n + 1) // 2 if symmetry == "symmetric" else n * n
    edges, number, found = Edges(file, n, twice="required" if symmetry == "general" else "refused", noun="entry"), 0, 0
    for number, text in lines:
        for word in text.split():
            found += 1
            if found > wanted:
                raise file.refuse(number, f"more values than the {wanted} of a {symmetry} matrix of {n} rows")
            i, j = next(places)
            if (weight := _value(file, number, word, field)) != 0:
                edges.add(number, i, j, weight)
    if found != wanted:
        raise file.refuse(
            number or sizes[0], f"ends after {found} values, a {symmetry} matrix of {n} rows has {wanted}"
        )
    return edges.graph(number)


def _value(file: GraphFile, number: int, word: str, field: str) -> float:
    value = file.number(number, word)
    if field == "integer" and not value.is_integer():
        raise file.refuse(number, f"value {shown(word)}, the header says integer; real allows it")
    return value


def _square(file: GraphFile, number: int, rows: int, columns: int) -> None:
    if rows != columns:
        raise file.refuse(number, f"{rows} rows and {columns} columns, a graph's matrix is square")
