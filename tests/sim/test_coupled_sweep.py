"""The generated sweep along rows of coupled ladders, on random rows, against dense algebra of their resistors."""

import ctypes
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pytest
from numba import types

from sim.engines.function_pointers import address_of
from sim.engines.handles import Handle
from sim.engines.layout.elimination.numeric import make_program
from sim.engines.layout.ladders.coupled_ladders import (
    CoupledLadders,
    CoupledState,
    coupled_kernel,
    make_coupled_state,
    no_coupled,
)
from sim.engines.layout.ladders.coupled_search import find_coupled
from sim.engines.layout.ladders.coupled_sweep import E_E, FIXED, S_E, S_S, S_T, T_E, T_T
from sim.engines.layout.ladders.single_ladders import RowEdges
from sim.engines.vector_code import LANES

LENGTHS = 12, 7  # steps of two batches


class Work(NamedTuple):
    dirty: np.ndarray
    chunk_batch: np.ndarray


class Rows(NamedTuple):
    """What the kernel reads of a system, and conductances between the nodes of each row's junction."""

    coupled: CoupledLadders
    coupled_state: CoupledState
    work: Work
    mesh: np.ndarray


def sweep(rows):
    """All batches."""
    held = Handle(rows)
    address = address_of(coupled_kernel(rows.coupled.rails), held, types.int64)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)(held.address, 0)


def random_rows(rails, rng):
    """Rows of two batches; some end early, some ends have no port, somas stand anywhere; the last lane has no row."""
    step_first = np.concatenate([[0], np.cumsum(LENGTHS)])
    steps, batches = step_first[-1], len(LENGTHS)
    pairs = (2 * rails + 2) * (2 * rails + 3) // 2
    fixed = rng.uniform(0.1, 5, (batches, 2 * rails + FIXED, LANES))
    mesh = np.triu(rng.uniform(0.1, 5, (batches, LANES, 4, 4)), 1)
    mesh[:, ::3, 0, 2:] = 0.0  # a path from the end before through the port, with the other two aside or behind
    fixed[:, 2 * rails + 1 :] = junctions(mesh)
    fixed[:, rails : 2 * rails + 1][rng.random((batches, rails + 1, LANES)) < 0.4] = np.inf
    soma = np.stack([rng.integers(1, length + 1, LANES) for length in LENGTHS])
    soma[:, 0] = LENGTHS  # at the end of the dendrite
    event = np.zeros(steps + 1, np.uint8)
    event[np.minimum(step_first[:-1, None] + soma, step_first[1:, None])] = 1
    coupled = no_coupled(0)._replace(
        rails=rails,
        rows=batches * LANES - 1,
        step_first=step_first,
        wire=rng.uniform(0.1, 5, (steps, 3, LANES)) * (rng.random((steps, 3, LANES)) < 0.8),
        rail=rng.integers(0, rails, (steps, LANES)).astype(np.int8),
        event=event[:steps],
        soma=soma,
        fixed=fixed,
        port=np.zeros((batches, 2 * rails + 2, LANES), np.int64),
        entry=np.zeros((batches, pairs, LANES), np.int64),
    )
    state = make_coupled_state(coupled)
    siemens = 1 / rng.uniform(20, 2000, (steps, LANES))
    siemens[step_first[1] - 3 : step_first[1], 1] = 0.0  # a row that ends earlier
    siemens[:, -1] = state.siemens.reshape(steps, LANES)[:, -1]
    state.siemens[:] = siemens.ravel()
    return Rows(coupled, state, Work(np.ones(batches, np.bool_), np.array([0, batches])), mesh)


def junctions(mesh):
    """Resistances that a junction's port, end behind and tap have in common from the end before, by ``FIXED``."""
    found = np.zeros((len(mesh), FIXED - 1, LANES))
    for batch, lane in np.ndindex(*mesh.shape[:2]):
        g = mesh[batch, lane] + mesh[batch, lane].T
        ohm = np.linalg.inv((np.diag(g.sum(axis=0)) - g)[1:, 1:])  # port, tap, end
        pairs = {S_S: (0, 0), S_E: (0, 2), E_E: (2, 2), S_T: (0, 1), T_E: (1, 2), T_T: (1, 1)}
        for which, pair in pairs.items():
            found[batch, which - 1, lane] = ohm[pair]
    return found


class Circuit:
    """Resistors between numbered nodes."""

    def __init__(self):
        self.nodes, self.edges = 0, []

    def node(self):
        self.nodes += 1
        return self.nodes - 1

    def on(self, node, ohm):
        """The node behind a wire: the same without one."""
        if ohm == 0:
            return node
        self.edges.append((node, self.node(), 1 / ohm))
        return self.nodes - 1


def dense(rows, batch, lane, grown):
    """Conductances between the ports of a row (0 for those it lacks) when pillars without their wires grow so much."""
    coupled, rails = rows.coupled, rows.coupled.rails
    fixed, circuit = coupled.fixed[batch, :, lane], Circuit()
    first, last = coupled.step_first[batch : batch + 2]
    siemens = rows.coupled_state.siemens.reshape(-1, LANES)[:, lane]
    begins = [circuit.node() for _ in range(rails)]
    ends = [circuit.on(begins[k], fixed[k]) for k in range(rails)]
    far_ohm = fixed[2 * rails]
    dendrite = soma = None
    for step in range(first, last + 1):
        tap = None
        if step - first == coupled.soma[batch, lane]:
            soma, tap, end = nodes = [circuit.node() for _ in range(3)]
            between = np.argwhere(rows.mesh[batch, lane])
            circuit.edges += [([dendrite, *nodes][a], [dendrite, *nodes][b], rows.mesh[batch, lane, a, b])
                              for a, b in between]  # fmt: skip
            dendrite = end
        if step == last:
            break
        along, ohm, series = coupled.wire[step, :, lane]
        rail = coupled.rail[step, lane]
        ends[rail] = circuit.on(ends[rail], ohm)
        if tap is None:
            tap = dendrite = circuit.node() if dendrite is None else circuit.on(dendrite, along)
        if siemens[step]:
            pillar = (1 / siemens[step] - series) / grown + series
            circuit.edges.append((tap, ends[rail], 1 / pillar))
    ports = [circuit.on(dendrite, far_ohm) if np.isfinite(far_ohm) else -1]
    ports += [circuit.on(ends[k], fixed[rails + k]) if np.isfinite(fixed[rails + k]) else -1 for k in range(rails)] + [
        soma,
        *begins[1:],
        begins[0],
    ]
    matrix = np.zeros((circuit.nodes, circuit.nodes))
    for a, b, g in circuit.edges:
        matrix[[a, b], [a, b]] += g
        matrix[[a, b], [b, a]] -= g
    have = np.flatnonzero(np.array(ports) >= 0)
    kept = np.array(ports)[have]
    inner = np.setdiff1d(np.arange(circuit.nodes), kept)
    s = matrix[np.ix_(kept, kept)] - matrix[np.ix_(kept, inner)] @ np.linalg.solve(
        matrix[np.ix_(inner, inner)], matrix[np.ix_(inner, kept)]
    )
    found = np.zeros((len(ports), len(ports)))
    found[np.ix_(have, have)] = s
    return found[np.tril_indices(len(ports))]


@pytest.mark.parametrize("rails", [1, 2, 3, 5])
def test_random_rows_are_those_of_dense_algebra(rails):
    """Conductances between ports, and their derivative by finite differences, in every lane that has a row."""
    rows = random_rows(rails, np.random.default_rng(rails))
    sweep(rows)
    step, state = 1e-5, rows.coupled_state
    for batch in range(len(LENGTHS)):
        assert np.isfinite(state.s[batch]).all() and np.isfinite(state.s2[batch]).all()
        for lane in range(LANES - 1):
            exact = dense(rows, batch, lane, 1.0)
            slope = (dense(rows, batch, lane, 1 + step) - dense(rows, batch, lane, 1 - step)) / (2 * step)
            largest = np.abs(exact).max()
            np.testing.assert_allclose(state.s[batch, :, lane], exact, rtol=0, atol=1e-12 * largest)
            np.testing.assert_allclose(state.s2[batch, :, lane], slope, rtol=0, atol=1e-8 * largest)


def drawn_row(soma, fed, rails, rng, length=8):
    """One row by hand: its edges, which slots are of its dendrite, and its nodal matrix for conductances of pillars.

    Args:
        soma: where its port is: ``"end"`` of the dendrite, ``"middle"``, ``"pillar"`` where the last pillar stands at
            it, ``"aside"`` of a node of the dendrite, or joined by a ``"wide"`` piece of metal to a pillar's tap and,
            through nodes of their own, to both sides.
        fed: from which sides rails are fed: ``"left"``, ``"right"`` or ``"both"``.
        rails: how many.
        rng: draws wires.
        length: pillars.
    """
    inner = length - (soma == "pillar") + 2 * (soma == "wide")
    rail_node = inner + np.arange(length)
    ports = inner + length + np.arange(1 + 2 * rails)
    port, edges = ports[0], []
    middle = length // 2
    own = [*range(inner), *[port] * (soma == "pillar")][:length]
    path = [*own, *[port] * (soma == "end")]
    if soma == "middle":
        path.insert(middle, port)
    edges += list(pairwise(path))
    if soma == "aside":
        edges.append((port, middle))
    if soma == "wide":
        left, right = length, length + 1
        edges = [edge for edge in edges if middle not in edge]
        edges += [(middle - 1, left), (right, middle + 1), *combinations((left, right, middle, port), 2)]
    for k in range(rails):
        mine = list(rail_node[k::rails])
        left, right = [ports[1 + 2 * k]] * (fed != "right"), [ports[2 + 2 * k]] * (fed != "left")
        edges += list(pairwise(left + mine + right))
    used = np.isin(ports, np.array(edges))
    number = np.cumsum(np.append(np.ones(inner + length, bool), used)) - 1
    a, b = number[np.array(edges)].T
    u, v = np.concatenate([a, number[own]]), np.concatenate([b, number[rail_node]])
    n = inner + length
    program, slot = make_program(np.zeros(n, np.int64), np.zeros(used.sum(), np.int64), u, v)
    dendrite = np.zeros(len(slot), bool)
    dendrite[slot[number[np.append(np.arange(inner), port)]]] = True
    siemens = 1 / rng.uniform(0.5, 5, len(a))
    wires = len(a)
    edges = RowEdges(
        program=program, u=slot[u], v=slot[v], siemens=np.append(siemens, np.zeros(length)),
        series=np.append(np.zeros(wires), np.full(length, 7.0)), wall=np.append(np.full(wires, -1), np.arange(length)),
        source=np.full(wires + length, -1), port_ref=np.arange(used.sum()),
    )  # fmt: skip

    def at_ports(pillars):
        matrix = np.zeros((len(number), len(number)))
        for i, j, g in zip(u, v, np.append(siemens, pillars), strict=True):
            matrix[[i, j], [i, j]] += g
            matrix[[i, j], [j, i]] -= g
        matrix = matrix[: n + used.sum(), : n + used.sum()]
        return matrix[n:, n:] - matrix[n:, :n] @ np.linalg.solve(matrix[:n, :n], matrix[:n, n:])

    return edges, dendrite, at_ports


@pytest.mark.parametrize("soma", ["end", "middle", "pillar", "aside", "wide"])
@pytest.mark.parametrize("fed", ["left", "right", "both"])
def test_rows_fed_from_any_side_are_found(soma, fed):
    """The sweep starts where rails are fed, whichever way the row goes."""
    rng = np.random.default_rng(5)
    edges, dendrite, at_ports = drawn_row(soma, fed, 2, rng)
    entries = len(edges.port_ref) * (len(edges.port_ref) + 1) // 2
    coupled, odd = find_coupled(edges, dendrite, np.arange(entries), 8)
    assert not odd.any() and coupled is not None and coupled.rails == 2 and sorted(coupled.wall) == list(range(8))
    pillars, state = 1 / rng.uniform(50, 500, 8), make_coupled_state(coupled)
    state.siemens[coupled.tap] = pillars
    sweep(Rows(coupled, state, Work(np.ones(1, np.bool_), np.array([0, 1])), np.zeros(0)))
    assert np.isfinite(state.s).all() and np.isfinite(state.s2).all()  # in lanes without a row as well
    exact, seen = at_ports(pillars), np.zeros(entries, bool)
    for pair, (i, j) in enumerate(zip(*np.tril_indices(6), strict=True)):
        a, b = coupled.port[0, [i, j], 0]
        if min(a, b) >= 0:
            assert state.s[0, pair, 0] == pytest.approx(exact[a, b], rel=1e-9, abs=1e-12)
            seen[coupled.entry[0, pair, 0]] = True
    assert seen.all()
