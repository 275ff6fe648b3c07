"""Graphs that are likely to tie on the network, and others: symmetric families, duplicated nodes, random ones."""

from collections.abc import Iterator

import networkx as nx
import numpy as np

Named = tuple[str, nx.Graph, str]  # name, graph, mapping


def families() -> Iterator[tuple[str, nx.Graph]]:
    for n in (4, 5, 8, 9):
        yield f"cycle {n}", nx.cycle_graph(n)
        yield f"complete {n}", nx.complete_graph(n)
        yield f"ladder {n}", nx.circular_ladder_graph(n)
    for n in (3, 6, 7, 10, 14):
        yield f"path {n}", nx.path_graph(n)
    for a, b in ((1, 4), (2, 3), (3, 3), (4, 6)):
        yield f"bipartite {a} {b}", nx.complete_bipartite_graph(a, b)
    for a in (3, 4, 6):
        for b in (0, 1, 3):
            yield f"barbell {a} {b}", nx.barbell_graph(a, b)
            yield f"lollipop {a} {b}", nx.lollipop_graph(a, b + 1)
    yield "petersen", nx.petersen_graph()
    yield "karate", nx.Graph(nx.karate_club_graph().edges)


def drawn(seed: int) -> Iterator[tuple[str, nx.Graph]]:
    """Random graphs of one seed: plain, a tree, a regular one, some nodes there twice, every node there twice."""
    base = nx.gnp_random_graph(8, 0.5, seed=seed)
    yield f"random {seed}", nx.gnp_random_graph(11 + seed % 3, 0.5, seed=seed)
    yield f"tree {seed}", nx.random_labeled_tree(12, seed=seed)
    yield f"regular {seed}", nx.random_regular_graph(3, 12, seed=seed)
    yield f"twins {seed}", with_twins(base, range(3), joined=True)
    yield f"doubled {seed}", with_twins(base, range(8), joined=seed % 2 == 0)


def with_twins(graph: nx.Graph, nodes: range, *, joined: bool) -> nx.Graph:
    """Each of some nodes there twice, with the same neighbours, and joined to its twin or not."""
    graph = nx.Graph(graph)
    for node in nodes:
        twin = graph.number_of_nodes()
        graph.add_edges_from([(twin, other) for other in list(graph[node])])
        graph.add_node(twin)
        if joined:
            graph.add_edge(node, twin)
    return graph


def cases(seeds: range) -> list[Named]:
    found: list[Named] = []
    for mapping in ("paper", "balanced"):
        graphs = [*families(), *(each for seed in seeds for each in drawn(seed))]
        for name, graph in graphs:
            if graph.number_of_edges():
                weights = np.array(nx.to_numpy_array(nx.convert_node_labels_to_integers(graph)))
                found.append((f"{name}, {mapping}", nx.from_numpy_array((weights != 0).astype(float)), mapping))
    return found
