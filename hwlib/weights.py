"""Synaptic weights of a design as multiples of W, from patterns (eq. (3)) or a matrix. Rows are postsynaptic."""

from __future__ import annotations

import numpy as np

from hwlib.design import Design
from hwlib.weight_fields import bits as bits
from hwlib.weight_fields import hebbian as hebbian


def stored_patterns(design: Design) -> np.ndarray | None:
    """The patterns a design stores, shape (patterns, N); None when its weights are a matrix."""
    return design.network.weights.stored_patterns(design.network.neurons, design.seed)


def weight_levels(design: Design) -> np.ndarray:
    """The programmed weights as multiples of W, shape (N, N), zero diagonal, not to be written to; read once.

    Raises:
        InputError: a bad matrix file, or weights that the axons or the weight style cannot carry.
    """
    return design.weight_levels()
