"""Positions of an elimination that no changing conductance reaches are eliminated once, against dense solves."""

import numpy as np
import pytest

from sim.engines.handles import Handle
from sim.engines.layout.elimination.numeric import add_edges, backward, forward, forward_sources, make_program


@pytest.mark.parametrize("seed", range(4))
def test_what_does_not_change_is_eliminated_once(seed):
    rng, n, many, none = np.random.default_rng(seed), 80, 12, np.zeros(0, np.int64)
    u, v = np.arange(1, n), np.array([rng.integers(max(0, k - 4), k) for k in range(1, n)])
    chords = rng.integers(0, n, (2, 30))
    u, v = (
        np.concatenate([u, chords[0][chords[0] != chords[1]]]),
        np.concatenate([v, chords[1][chords[0] != chords[1]]]),
    )
    changing = np.zeros(n, bool)
    changing[rng.choice(n, many, replace=False)] = True
    pairs = np.flatnonzero(changing).reshape(2, -1)
    program, slot = make_program(
        np.zeros(n, np.int64), none, np.append(u, pairs[0]), np.append(v, pairs[1]), changing=changing
    )  # fmt: skip
    held, still = Handle(program), program.still
    assert n / 4 < still <= n - many
    assert (slot[:n][changing] >= still).all()
    ground, siemens, source = rng.uniform(0.1, 1, n), rng.uniform(0.1, 1, len(u)), rng.normal(size=n)
    dense = np.diag(ground)
    for i, j, g in zip(u, v, siemens, strict=True):
        dense[[i, j], [i, j]] += g
        dense[[i, j], [j, i]] -= g
    fixed, b, c = np.zeros(program.values), np.zeros(n), np.zeros(1)
    fixed[slot], b[slot] = ground, source
    add_edges(held, fixed, none, slot[u], slot[v], siemens)
    forward(held, fixed, np.zeros(n), c, 0, still)
    forward_sources(held, fixed, b, still)
    for _ in range(3):
        values, mine, g, x = fixed.copy(), b.copy(), rng.uniform(0.1, 9, many // 2), np.zeros(n)
        add_edges(held, values, none, slot[pairs[0]], slot[pairs[1]], g)
        forward(held, values, mine, c, still, n)
        backward(held, values, mine, x, 0, n)
        whole = dense.copy()
        for i, j, siemen in zip(*pairs, g, strict=True):
            whole[[i, j], [i, j]] += siemen
            whole[[i, j], [j, i]] -= siemen
        np.testing.assert_allclose(x[slot], np.linalg.solve(whole, source), rtol=1e-10, atol=1e-12)
