"""Dendrites where their soma's port is: a junction of wires, as extraction finds where a cell's metal is wide.

A junction joins a soma's port (S), the tap (T) of at most one pillar, and the dendrite's nodes on either side. While
rows are searched a path stands in for it; afterwards it is described as ``coupled_sweep`` needs it: by the resistances
that S, T and the node behind (E) have in common from the node before.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.engines.layout.ladders.coupled_batches import BEHIND, FoundRows
from sim.engines.layout.ladders.coupled_sweep import E_E, S_E, S_S, S_T, T_E, T_T
from sim.engines.layout.ladders.row_graph import RowGraph
from sim.engines.layout.ladders.single_ladders import RowEdges

# While rows are searched, in ``FoundRows.fixed`` behind the far end: wires to the soma's port, onward, and aside to it.
INTO_SOMA, OUT_OF_SOMA, BESIDE_SOMA = 1, 2, 3
_MOST_SIDES = 3  # nodes that a junction joins to the soma's port


class Junction(NamedTuple):
    """One row's: ``nodes`` are slots S, a side, the other side and, where there is one, T; ``siemens`` their matrix."""

    block: int
    nodes: np.ndarray
    siemens: np.ndarray


class _Place(NamedTuple):
    """Where three wires and more meet: nodes, by number, and the conductance matrix of the wires between them."""

    nodes: np.ndarray
    matrix: np.ndarray


class _Surroundings(NamedTuple):
    """Of each node of a place: whether three wires meet at it, its wires and pillars in all, whether it is a port."""

    crowded: np.ndarray
    wires: np.ndarray
    pillars: np.ndarray
    port: np.ndarray


class _Found(NamedTuple):
    """A junction in a place: nodes as of ``Junction``, wires that are none of it, and nodes that are no more."""

    nodes: list[int]
    siemens: np.ndarray
    rest: list[tuple[int, int, float]]
    bare: np.ndarray


def straightened(ladder: RowEdges, dendrite: np.ndarray) -> tuple[RowEdges, list[Junction], np.ndarray]:
    """The edges with a path in the place of each junction, the junctions, and which nodes are no more.

    Args:
        ladder: the blocks' edges, sources among their slots.
        dendrite: whether a slot belongs to a dendrite, shape (slots,).
    """
    wire, block = (ladder.wall < 0) & dendrite[ladder.u] & dendrite[ladder.v], ladder.program.block
    around, gone = _surroundings(ladder, wire, len(dendrite)), np.zeros(ladder.program.n, bool)
    if not around.crowded.any():
        return ladder, [], gone
    dropped, added, junctions = np.zeros(len(ladder.u), bool), [], []
    known: dict[tuple[bytes, ...], _Found | None] = {}  # rows are alike
    for nodes, mine, ends in _places(ladder, np.flatnonzero(wire), around):
        here = _Surroundings._make(each[nodes] for each in around)
        key = *(each.tobytes() for each in here), ends.tobytes(), ladder.siemens[mine].tobytes()
        if key not in known:
            known[key] = _find(ends, ladder.siemens[mine], here)
        found = known[key]
        if found is None:
            continue
        of = int(block[min(ladder.u[mine[0]], ladder.v[mine[0]])])
        junctions.append(Junction(block=of, nodes=nodes[found.nodes], siemens=found.siemens))
        dropped[mine], gone[nodes[found.bare]] = True, True
        added += [(int(nodes[a]), int(nodes[b]), siemens) for a, b, siemens in found.rest]
        added += _path(junctions[-1].nodes.tolist())
    return _exchanged(ladder, dropped, added), junctions, gone


def _surroundings(ladder: RowEdges, wire: np.ndarray, slots: int) -> _Surroundings:
    """Of every slot; ``wire``: edges that are wires of dendrites."""
    n, moving = ladder.program.n, ladder.wall >= 0
    wires, pillars = (
        np.bincount(np.concatenate([ladder.u[some], ladder.v[some]]), minlength=slots) for some in (wire, moving)
    )
    port = np.arange(slots) >= n
    return _Surroundings(crowded=(wires > 2) & ~port, wires=wires, pillars=pillars, port=port)


def _places(
    ladder: RowEdges, wire: np.ndarray, around: _Surroundings
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each row where three wires meet: nodes there and next to it, wires between them, and the wires' ends.

    Rows are alike, but their slots are in any order: nodes are sorted by what is around them, then wires by their ends,
    so that rows that are alike look so.

    Args:
        ladder: the blocks' edges.
        wire: which of them are wires of dendrites.
        around: of all slots.

    Returns:
        Slots of the nodes, numbers of the edges, and their ends by number among the nodes, shape (2, edges).
    """
    touched = around.crowded.copy()
    for here, there in ((ladder.u, ladder.v), (ladder.v, ladder.u)):
        touched[there[wire][around.crowded[here[wire]]]] = True
    edges = wire[touched[ladder.u[wire]] & touched[ladder.v[wire]]]
    owner = ladder.program.block[np.minimum(ladder.u[edges], ladder.v[edges])].astype(np.int64)
    siemens, ends = ladder.siemens[edges], np.stack([ladder.u[edges], ladder.v[edges]])
    least, most = np.full(len(around.port), np.inf), np.zeros(len(around.port))
    for end in ends:
        np.minimum.at(least, end, siemens)
        np.maximum.at(most, end, siemens)
    row = np.full(len(around.port), -1)
    row[ends] = owner
    nodes = np.flatnonzero(row >= 0)
    nodes = nodes[np.lexsort([*(each[nodes] for each in (least, most, *around)), row[nodes]])]
    bounds = np.flatnonzero(np.diff(row[nodes], prepend=-1, append=-1))
    number = np.empty(len(row), np.int64)
    number[nodes] = np.arange(len(nodes)) - np.repeat(bounds[:-1], np.diff(bounds))
    ends = np.sort(number[ends], axis=0)
    order = np.lexsort((siemens, *ends, owner))
    rows = np.flatnonzero(np.diff(owner[order], prepend=-1, append=-1))
    return [
        (nodes[bounds[k] : bounds[k + 1]], edges[order[rows[k] : rows[k + 1]]], ends[:, order[rows[k] : rows[k + 1]]])
        for k in range(len(rows) - 1)
    ]


def _find(ends: np.ndarray, wire: np.ndarray, around: _Surroundings) -> _Found | None:
    """The junction in a place, of wires (S) between its nodes, ``ends`` of shape (2, wires); None without."""
    place = _place(ends, wire, len(around.port))
    bare = around.crowded & (around.pillars == 0)
    outside = around.wires - (place.matrix < 0).sum(axis=0)
    kept = _without(place, bare)
    found = _junction(kept, _Surroundings._make(each[~bare] for each in around), outside[~bare])
    if found is None:
        return None
    nodes, rest = found
    index = np.searchsorted(kept.nodes, nodes)
    siemens = _laplacian(-kept.matrix[index][:, index])
    return _Found(nodes=nodes, siemens=siemens, rest=rest, bare=bare)


def _place(ends: np.ndarray, siemens: np.ndarray, nodes: int) -> _Place:
    between = np.zeros((nodes, nodes))
    np.add.at(between, (ends[0], ends[1]), siemens)
    np.add.at(between, (ends[1], ends[0]), siemens)
    return _Place(nodes=np.arange(nodes), matrix=_laplacian(between))


def _laplacian(between: np.ndarray) -> np.ndarray:
    """Conductance matrix for conductances between nodes; the diagonal given does not matter."""
    matrix = -between
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=0))
    return matrix


def _without(place: _Place, bare: np.ndarray) -> _Place:
    """The same seen from the other nodes: star to mesh, node by node, which keeps what is 0 exactly 0."""
    nodes, matrix = place.nodes, place.matrix.copy()
    for k in np.flatnonzero(bare)[::-1]:
        rest = np.arange(len(nodes)) != k
        column = matrix[rest, k]
        matrix = matrix[rest][:, rest] - np.outer(column, column) / matrix[k, k]
        nodes = nodes[rest]
    return _Place(nodes=nodes, matrix=matrix)


def _junction(
    place: _Place, around: _Surroundings, outside: np.ndarray
) -> tuple[list[int], list[tuple[int, int, float]]] | None:
    """The nodes of the one junction in a place, S first, and the wires there that are none of it; None without.

    Args:
        place: without nodes that have no pillar.
        around: of its nodes.
        outside: wires of each of its nodes to elsewhere.
    """
    count, wired = len(place.nodes), (place.matrix < 0).tolist()  # few: faster by Python than by NumPy
    beside = [[k for k in range(count) if k != node and wired[node][k]] for node in range(count)]
    ports = np.flatnonzero(around.port).tolist()
    if len(ports) != 1:
        return None
    soma = ports[0]
    sides = beside[soma]
    if len(sides) == 1:  # beside a node of the dendrite
        sides = sorted({*sides, *beside[sides[0]]} - {soma})
    if not 2 <= len(sides) <= _MOST_SIDES or around.pillars[soma] or outside[soma]:
        return None
    mine = {soma, *sides}
    onward = [outside[node] + len(set(beside[node]) - mine) for node in range(count)]
    tap: list[int] = []
    if len(sides) == _MOST_SIDES:
        tap = [k for k in sides if onward[k] == 0 and around.pillars[k] == 1][:1]
        sides = [k for k in sides if k not in tap]
    if len(sides) != 2 or max(onward[k] for k in sides) > 1 or not all(around.pillars[k] for k in sides):
        return None
    rest = [
        (int(place.nodes[a]), int(place.nodes[b]), float(-place.matrix[a, b]))
        for a in range(count) for b in beside[a] if a < b and not (a in mine and b in mine)
    ]  # fmt: skip
    return [int(place.nodes[k]) for k in (soma, *sides, *tap)], rest


def _path(nodes: list[int]) -> list[tuple[int, int, float]]:
    """What stands in for a junction: side, port, tap, side."""
    soma, one, *others = nodes
    order = [one, soma, *others[::-1]]
    return [(a, b, 1.0) for a, b in pairwise(order)]


def _exchanged(ladder: RowEdges, dropped: np.ndarray, added: list[tuple[int, int, float]]) -> RowEdges:
    """Edges without some wires, with others."""
    u, v, siemens = (np.array(each) for each in zip(*added, strict=True)) if added else (np.zeros(0),) * 3
    none, kept = np.full(len(u), -1), ~dropped
    return ladder._replace(
        u=np.concatenate([ladder.u[kept], u.astype(np.int64)]),
        v=np.concatenate([ladder.v[kept], v.astype(np.int64)]),
        siemens=np.concatenate([ladder.siemens[kept], siemens]),
        series=np.concatenate([ladder.series[kept], np.zeros(len(u))]),
        wall=np.concatenate([ladder.wall[kept], none]),
        source=np.concatenate([ladder.source[kept], none]),
    )


def plain_junctions(block: np.ndarray, found: FoundRows) -> None:
    """Describe a soma's port on the dendrite, or aside of it, as a junction; the tap is the end behind.

    Args:
        block: of each pillar.
        found: what the rows are; ``fixed`` has the wires to and from the port, and is changed in place.
    """
    fixed = found.fixed[:, BEHIND:]
    into, out, beside = (fixed[:, k].copy() for k in (INTO_SOMA, OUT_OF_SOMA, BESIDE_SOMA))
    along = np.zeros(len(fixed))
    first = np.flatnonzero((found.step[3] == found.soma[block]) & (found.rails[block] > 0))
    along[block[first]] = 1 / found.step[0, first]
    fixed[:, S_S], fixed[:, S_E], fixed[:, S_T] = into + beside, into, into
    fixed[:, E_E] = fixed[:, T_E] = fixed[:, T_T] = into + out + along


def put_junctions(junctions: list[Junction], graph: RowGraph, place: np.ndarray, found: FoundRows) -> None:
    """Describe the junctions that were found, in place.

    Args:
        junctions: see ``straightened``.
        graph: of the rows.
        place: of each node along its dendrite.
        found: what the rows are.
    """
    known: dict[tuple[bool, bytes], np.ndarray] = {}  # rows are alike
    for block, nodes, siemens in junctions:
        if not found.rails[block]:
            continue
        swap = place[nodes[1]] > place[nodes[2]]
        behind = 1 if swap else 2
        order = [0, behind, *range(3, len(nodes))]
        key = bool(swap), siemens.tobytes()
        if key not in known:
            known[key] = np.linalg.inv(siemens[order][:, order])
        ohm = known[key]
        tap = len(order) - 1  # the end behind has the pillar itself where nothing stands between
        fixed = found.fixed[block, BEHIND:]
        fixed[S_S], fixed[S_E], fixed[E_E] = ohm[0, 0], ohm[0, 1], ohm[1, 1]
        fixed[S_T], fixed[T_E], fixed[T_T] = ohm[0, tap], ohm[tap, 1], ohm[tap, tap]
        at = nodes[order[tap]]
        pillars = np.arange(graph.pillar_first[at], graph.pillar_first[at + 1])
        found.soma[block] = found.step[3, pillars].min()
        later = np.arange(graph.pillar_first[nodes[behind]], graph.pillar_first[nodes[behind] + 1])
        found.step[0, later[np.argmin(found.step[3, later])]] = np.inf
