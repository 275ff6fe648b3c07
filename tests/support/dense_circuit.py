"""Potentials of a resistor circuit by modified nodal analysis, dense and element by element, from nothing but Ohm."""

import numpy as np


def dense_potentials(nodes, elements, held, shorts=(), injected=None):
    """Potentials in V, shape (nodes,): least norm where a part floats.

    ``elements`` are (node, node, S), ``held`` (node, V), ``shorts`` (node, node), ``injected`` A into each node.
    """
    extra = [*(((a, 1), v) for a, v in held), *(((a, 1, b, -1), 0.0) for a, b in shorts)]
    size = nodes + len(extra)
    matrix, right = np.zeros((size, size)), np.zeros(size)
    right[:nodes] = 0.0 if injected is None else injected
    for a, b, siemens in elements:
        for row, column, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
            matrix[row, column] += sign * siemens
    for k, (terms, volts) in enumerate(extra, start=nodes):
        for node, sign in zip(terms[::2], terms[1::2], strict=True):
            matrix[node, k] = matrix[k, node] = sign
        right[k] = volts
    scale = np.r_[np.full(nodes, 1e3), np.ones(len(extra))]  # amperes and volts of like size
    return np.linalg.lstsq(matrix * scale[:, None], right * scale, rcond=1e-13)[0][:nodes]


def grounded_potentials(ends, ohm, held, into):
    """The same of resistors between ``ends`` with held nodes at 0 V, for currents in A into each node."""
    elements = ((a, b, 1 / r) for (a, b), r in zip(ends, ohm, strict=True))
    sources = [(node, 0.0) for node in np.flatnonzero(held)]
    found = dense_potentials(len(held), elements, sources, injected=into)
    return np.where(held, 0.0, found)  # but for rounding they are
