"""The generated sweep along rows of coupled ladders, on random rows, against dense algebra of their resistors."""

import ctypes
from typing import NamedTuple

import numpy as np
import pytest
from numba import types

from sim.engines.function_pointers import address_of
from sim.engines.handles import Handle
from sim.engines.layout.ladders.coupled_ladders import (
    CoupledLadders,
    CoupledState,
    coupled_kernel,
    make_coupled_state,
    no_coupled,
)
from sim.engines.vector_code import LANES

LENGTHS = 12, 7  # steps of two batches


class Work(NamedTuple):
    dirty: np.ndarray
    chunk_batch: np.ndarray


class Rows(NamedTuple):
    """What the kernel reads of a system."""

    coupled: CoupledLadders
    coupled_state: CoupledState
    work: Work


def random_rows(rails, rng):
    """Rows of two batches; some end early, some ends have no port, somas stand anywhere; the last lane has no row."""
    step_first = np.concatenate([[0], np.cumsum(LENGTHS)])
    steps, batches = step_first[-1], len(LENGTHS)
    pairs = (2 * rails + 2) * (2 * rails + 3) // 2
    fixed = rng.uniform(0.1, 5, (batches, 2 * rails + 4, LANES))
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
    return Rows(coupled, state, Work(np.ones(batches, np.bool_), np.array([0, batches])))


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
    far_ohm, into, onward, beside = fixed[2 * rails :]
    dendrite = soma = None
    for step in range(first, last + 1):
        if step - first == coupled.soma[batch, lane]:
            at_port = circuit.on(dendrite, into)
            soma, dendrite = circuit.on(at_port, beside), circuit.on(at_port, onward)
        if step == last:
            break
        along, ohm, series = coupled.wire[step, :, lane]
        rail = coupled.rail[step, lane]
        ends[rail] = circuit.on(ends[rail], ohm)
        dendrite = circuit.node() if dendrite is None else circuit.on(dendrite, along)
        if siemens[step]:
            pillar = (1 / siemens[step] - series) / grown + series
            circuit.edges.append((dendrite, ends[rail], 1 / pillar))
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
    held = Handle(rows)
    address = address_of(coupled_kernel(rails), held, types.int64)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)(held.address, 0)
    step, state = 1e-5, rows.coupled_state
    for batch in range(len(LENGTHS)):
        assert np.isfinite(state.s[batch]).all() and np.isfinite(state.s2[batch]).all()
        for lane in range(LANES - 1):
            exact = dense(rows, batch, lane, 1.0)
            slope = (dense(rows, batch, lane, 1 + step) - dense(rows, batch, lane, 1 - step)) / (2 * step)
            largest = np.abs(exact).max()
            np.testing.assert_allclose(state.s[batch, :, lane], exact, rtol=0, atol=1e-12 * largest)
            np.testing.assert_allclose(state.s2[batch, :, lane], slope, rtol=0, atol=1e-8 * largest)
