"""Groups of blocks ordered for elimination in threads: the very order that all of them have in one go."""

import numpy as np
import pytest

from sim.engines.layout.elimination import symbolic
from sim.engines.layout.elimination.numeric import make_program


def _blocks(rng: np.random.Generator, blocks: int) -> tuple[np.ndarray, ...]:
    """Trees with chords, their nodes numbered anyhow, and one or two ports each: block of nodes and ports, edges."""
    sizes = rng.integers(1, 30, blocks)
    n = int(sizes.sum())
    number = rng.permutation(n)
    ports = np.repeat(np.arange(blocks), rng.integers(1, 3, blocks))
    u, v, block, first = [], [], np.empty(n, np.int64), 0
    for k, size in enumerate(sizes.tolist()):
        mine = number[first : first + size]
        block[mine], first = k, first + size
        for j in range(1, size):
            u += [mine[j], mine[rng.integers(j)]]
            v += [mine[rng.integers(max(0, j - 3), j)], mine[j]]
        for port in np.flatnonzero(ports == k):
            u.append(n + port)
            v.append(mine[rng.integers(size)])
    return block, ports, np.array(u), np.array(v)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threads", [2, 3, 40])
def test_the_order_is_that_of_all_in_one_go(monkeypatch, seed, threads):
    shape = _blocks(np.random.default_rng(seed), 50)
    alone, slots = make_program(*shape)
    monkeypatch.setattr(symbolic, "_ALONE", 0)
    monkeypatch.setattr(symbolic, "threads", lambda: threads)
    parted, theirs = make_program(*shape)
    assert (slots == theirs).all()
    for name, values in alone._asdict().items():
        np.testing.assert_array_equal(getattr(parted, name), values, err_msg=name)


def test_parts_are_ordered_on_their_own(monkeypatch):
    """Else the test above would compare one way with itself."""
    seen = []
    whole = symbolic._eliminated
    monkeypatch.setattr(symbolic, "_eliminated", lambda n, *others: seen.append(n) or whole(n, *others))
    monkeypatch.setattr(symbolic, "_ALONE", 0)
    monkeypatch.setattr(symbolic, "threads", lambda: 3)
    block, *others = _blocks(np.random.default_rng(1), 50)
    make_program(block, *others)
    assert len(seen) == 3
    assert sum(seen) == len(block)
