"""The ``rudy`` generator's random graphs, as in the Biq Mac library, line for line.

The random numbers are Knuth's GB_flip (The Stanford GraphBase, 1993), a subtractive generator modulo 2^31; the
library's ``g05_n.i`` are ``rnd_graph(n, 50 %, seed)`` (Wiegele, Biq Mac Library, 2007).
"""

from __future__ import annotations

from numbers import Real

import networkx as nx

from hwlib.errors import InputError, shown
from hwlib.quantities import whole_number

_MODULUS = 2**31
_G05_SEED = {60: 6000, 80: 8000, 100: 10000}
MAX_NODES = 4000


class FlipGenerator:
    """Knuth's GB_flip: integers below 2^31 from a seed.

    Args:
        seed: 0 ≤ seed < 2^31.
    """

    def __init__(self, seed: int):
        seed = whole_number(seed, "rudy: seed", least=0, most=_MODULUS - 1)
        cells = [0] * 56
        cells[55] = previous = shifted = seed
        following, i = 1, 21
        while i:
            cells[i] = following
            shifted = (shifted >> 1) + (2**30 if shifted & 1 else 0)
            following = (previous - following - shifted) % _MODULUS
            previous = cells[i]
            i = (i + 21) % 55
        self._cells = cells
        for _ in range(5):
            self._cycle()
        self._next = 54

    def _cycle(self) -> None:
        cells = self._cells
        for i in range(1, 25):
            cells[i] = (cells[i] - cells[i + 31]) % _MODULUS
        for i in range(25, 56):
            cells[i] = (cells[i] - cells[i - 24]) % _MODULUS

    def raw(self) -> int:
        """The next integer in [0, 2^31)."""
        if self._next == 0:
            self._cycle()
            self._next = 55
        value = self._cells[self._next]
        self._next -= 1
        return value

    def below(self, bound: int) -> int:
        """The next integer in [0, bound), without bias (Knuth's ``unif_rand``)."""
        limit = _MODULUS - _MODULUS % bound
        value = self.raw()
        while value >= limit:
            value = self.raw()
        return value % bound


def random_graph(nodes: int, density: float, seed: int) -> nx.Graph:
    """``rnd_graph``: a graph with a share ``density`` of all edges, weight 1, in the order rudy prints them.

    Rudy itself takes percent; densities of whole percents give its graphs line for line.

    Args:
        nodes: number of nodes, at least 2.
        density: fraction of the n(n − 1)/2 possible edges, above 0 to 1.
        seed: of the generator.

    Returns:
        Graph on nodes 0 … n − 1 whose edges iterate in the file's order.

    Raises:
        InputError: size, density or seed out of range, or no number; or a density that draws no edge.
    """
    nodes = whole_number(nodes, "rudy: nodes", least=2, most=MAX_NODES)
    if isinstance(density, bool) or not isinstance(density, Real):
        raise InputError(f"rudy: density {shown(density)} is no number, allowed above 0 to 1")
    if not 0 < density <= 1:
        raise InputError(f"rudy: density {density:g}, allowed above 0 to 1 (a fraction of all edges, no percentage)")
    percent = round(100 * density, 9)  # what rudy takes, without the rounding of 100 · 0.07
    wanted = int(nodes * (nodes - 1) * percent / 200 + 0.5)
    if not wanted:
        least = f"at least {1 / (nodes * (nodes - 1)):.3g}"
        raise InputError(f"rudy: density {density:g} draws no edge between {nodes} nodes, allowed {least}")
    numbers = FlipGenerator(seed)
    neighbours: list[list[int]] = [[] for _ in range(nodes)]
    taken: set[tuple[int, int]] = set()
    while len(taken) < wanted:
        u, v = numbers.below(nodes), numbers.below(nodes)
        edge = (min(u, v), max(u, v))
        if u == v or edge in taken:
            continue
        taken.add(edge)
        neighbours[u].append(v)
        neighbours[v].append(u)
    graph = nx.Graph(name=f"rnd_graph({nodes}, {percent:g} %, {seed})")
    graph.add_nodes_from(range(nodes))
    # Rudy inserts at the front of each list, so it prints the newest edge of a vertex first.
    graph.add_edges_from((i, j, {"weight": 1.0}) for i in range(nodes) for j in reversed(neighbours[i]) if i < j)
    return graph


def g05(nodes: int, instance: int) -> nx.Graph:
    """The Biq Mac library's ``g05_<nodes>.<instance>``: 50 % random graphs of 60, 80 or 100 nodes, instances 0 … 9.

    Raises:
        InputError: another size or instance.
    """
    if nodes not in _G05_SEED or not 0 <= instance <= 9:
        raise InputError(f"rudy: no g05_{nodes}.{instance}; sizes {sorted(_G05_SEED)}, instances 0 to 9")
    graph = random_graph(nodes, 0.5, _G05_SEED[nodes] + instance)
    graph.name = f"g05_{nodes}.{instance}"
    return graph
