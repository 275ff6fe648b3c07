"""Edges of one graph file: collected, each checked where it stands, and made a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import networkx as nx

from hwlib.errors import cut, shown
from hwlib.graph_formats.graph_file import MAX_EDGES, GraphFile

Twice = Literal["refused", "allowed", "required"]
_EXAMPLES = 3  # names in a remark


class Edges:
    """Collects the edges of one file.

    An edge that joins a node with itself never crosses a cut: it is counted, left out and remarked on. Where a
    directed graph is asked for (``GraphFile.directed``), it is refused, unless its weight is 0.

    Args:
        file: the file.
        nodes: how many there are, or their names in the file.
        twice: whether an edge may also be given from its other end: ``refused``; ``allowed``, all or none; or
            ``required``, with equal weight, as in a matrix and in a directed graph; a directed graph that is asked
            for takes these as they are.
        noun: what an edge is called in messages.
    """

    def __init__(self, file: GraphFile, nodes: int | Sequence[str], *, twice: Twice = "refused", noun: str = "edge"):
        self.file, self.twice, self.noun = file, twice, noun
        self.names = nodes if not isinstance(nodes, int) else None
        self.nodes = nodes if isinstance(nodes, int) else len(nodes)
        self.loops = 0
        self.remarks: list[str] = []
        self._seen: dict[tuple[int, int], tuple[float, int]] = {}  # (i, j): weight, line

    def __len__(self) -> int:
        """Edges so far, those that join a node with itself too."""
        return len(self._seen) + self.loops

    def index(self, line: int, word: str) -> int:
        """A node of a format that counts from 1.

        Raises:
            InputError: no such node.
        """
        digits = word.isascii() and word.isdigit() and len(word) <= 18
        if not digits or not 1 <= int(word) <= self.nodes:
            raise self.file.refuse(line, f"node {shown(word, 30)}, allowed 1 to {self.nodes}, as the header says")
        return int(word) - 1

    def add(self, line: int, i: int, j: int, weight: float) -> None:
        """Take an edge.

        Raises:
            InputError: given before, or too many; from a node to itself in a directed graph.
        """
        if i == j:
            if self.file.directed and weight:
                raise self.file.refuse(line, f"{self.noun} {self._pair(i, j)} from a node to itself; no neuron has one")
            self.loops += 1
            return
        key = (min(i, j), max(i, j)) if self.twice == "refused" else (i, j)
        if key in self._seen:
            first = self._seen[key][1]
            raise self.file.refuse(line, f"{self.noun} {self._pair(i, j)} again, first on line {first}")
        self._seen[key] = weight, line
        if len(self._seen) > MAX_EDGES * (1 if self.twice == "refused" else 2):
            raise self.file.refuse(line, f"more than {MAX_EDGES} edges")

    def graph(self, last: int) -> nx.Graph:
        """The graph of all edges, nodes 0 … n − 1, with a list of remarks; ``last`` is the last line's number.

        A directed one has no edges of weight 0.

        Raises:
            InputError: an edge without the equal one from its other end where that is required, no edge, or only
                weights of 0.
        """
        arcs = self.file.directed and self.twice == "required"
        both = not arcs and self._both_ways()
        use = "a network" if self.file.directed else "a cut"
        if not self._seen:
            raise self.file.refuse(last, f"no edge joins two different nodes, {use} needs one with a weight")
        if not any(weight for weight, _ in self._seen.values()):
            raise self.file.refuse(last, f"all weights are 0, {use} needs an edge with a weight")
        return self._directed(arcs) if self.file.directed else self._undirected(both)

    def _directed(self, arcs: bool) -> nx.DiGraph:
        graph = self._with_nodes(nx.DiGraph())
        weighty = [(i, j, {"weight": weight}) for (i, j), (weight, _) in self._seen.items() if weight]
        graph.add_edges_from(weighty)
        if not arcs:
            graph.add_edges_from((j, i, data) for i, j, data in weighty)
        return graph

    def _undirected(self, both: bool) -> nx.Graph:
        if self.loops:
            what = "on the diagonal" if self.noun == "entry" else "from a node to itself (a diagonal)"
            self.remarks.append(f"entries {what}, which never cross a cut, are left out: {self.loops}")
        if max(weight for weight, _ in self._seen.values()) <= 0:
            self.remarks.append(
                "no weight is above 0, the best cut is the empty one (a Laplacian? its signs are opposite)"
            )
        graph = self._with_nodes(nx.Graph(remarks=self.remarks))
        graph.add_edges_from((i, j, {"weight": w}) for (i, j), (w, _) in self._seen.items() if not both or i < j)
        return graph

    def _with_nodes(self, graph: nx.Graph) -> nx.Graph:
        graph.add_nodes_from(range(self.nodes))
        if self.names is not None:
            nx.set_node_attributes(graph, dict(enumerate(self.names)), "label")
        return graph

    def _both_ways(self) -> bool:
        """Whether every edge is given from both ends."""
        if self.twice == "refused" or not self._seen:
            return False
        if self.twice == "allowed" and not any((j, i) in self._seen for i, j in self._seen):
            return False
        for (i, j), (weight, line) in list(self._seen.items()):
            other = self._seen.get((j, i))
            if other is None and weight == 0:  # written or not, it is the same matrix
                del self._seen[i, j]
            elif other is None or other[0] != weight:
                raise self.file.refuse(line, self._lonely(i, j, other))
        if self.twice == "allowed":
            self.remarks.append("every edge is given from both ends and counts once")
        return True

    def _lonely(self, i: int, j: int, other: tuple[float, int] | None) -> str:
        if self.noun == "entry":
            return f"entry {self._pair(i, j)} without an equal {self._pair(j, i)}; a cut needs a symmetric matrix"
        unequal = "" if other is None else f" with the same weight (line {other[1]} has another)"
        reason = "given from both ends, as others are" if self.twice == "allowed" else "directed"
        lacks = f"{self.noun} {self._pair(i, j)} is {reason}, without {self._pair(j, i)}{unequal}"
        return f"{lacks}; a cut needs undirected edges"

    def _pair(self, i: int, j: int) -> str:
        if self.names is None:
            return f"{i + 1} {j + 1}"
        return f"{cut(self.names[i], 30)} {cut(self.names[j], 30)}"
