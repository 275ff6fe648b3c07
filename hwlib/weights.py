"""Synaptic weights of a design as multiples of W: of patterns, by a training rule, or a matrix."""

from __future__ import annotations

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.sections.weight_fields import bits as bits
from hwlib.training_rules import hebbian as hebbian


@takes_kinds
def stored_patterns(design: Design) -> np.ndarray | None:
    """The patterns a design stores, shape (patterns, N); None when its weights are a matrix."""
    return design.network.weights.stored_patterns(design.network.neurons, design.seed)


@takes_kinds
def weight_levels(design: Design) -> np.ndarray:
    """The programmed weights as multiples of W, shape (N, N), zero diagonal, not to be written to; read once.

    Raises:
        InputError: a bad matrix file, or weights that the axons or the weight style cannot carry.
    """
    return design.weight_levels()
