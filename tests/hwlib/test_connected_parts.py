"""Parts of small graphs, found node by node, against those of the matrix that large ones are."""

import numpy as np
import pytest

from hwlib import connected_parts as module
from hwlib.connected_parts import connected_parts


@pytest.mark.parametrize("nodes, edges", [(0, 0), (1, 0), (5, 0), (2, 1), (30, 12), (40, 60), (90, 100)])
def test_few_nodes_are_parted_as_many_are(monkeypatch, nodes, edges):
    rng = np.random.default_rng(nodes + edges)
    for _ in range(20):
        first, second = rng.integers(0, max(nodes, 1), (2, edges)).astype(np.int32)
        count, label = connected_parts(nodes, first, second)
        with monkeypatch.context() as patch:
            patch.setattr(module, "_FEW", -1)
            expected, labels = connected_parts(nodes, first, second)
        assert count == expected and label.tolist() == labels.tolist() and label.dtype == labels.dtype
