"""Parts of a plan: rows, columns, the interface between them, and tracks by the references that drive them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.layout.elimination.numeric import Program

# What is called by address: for a share of the walls or the rows; for everything; for all shares side by side.
PASS, SWEEP, ELIMINATE, SUBSTITUTE, INTERFACE, POWERS, SWEPT_POWERS, PROCEED, ALL_PASSES, ALL_SHARES = range(10)


class Rows(NamedTuple):
    """Blocks with pillars (flat, as threads take no nested tuples; their program stands beside them).

    Attributes:
        first_block, first_group: from which on blocks are eliminated node by node; those before are swept.
        first_dirty: where the mark of group 0 would stand in ``Work.dirty``.
        values: conductances of fixed edges, in the program's order.
        port_ref: reference of each port.
        entry: where each entry of the blocks' S goes among the interface's values.
        source_slot, source_ref, source_siemens: fixed edges from a node to a source, by group.
        source_group: first of these of each group.
        wall, a, b, joint, source: pillars by group: wall, slots of the ends (−1: a source), index of the entry that
            joins them (−1 without), reference of the source (−1 without).
        wall_group: first pillar of each group.
    """

    first_block: int
    first_group: int
    first_dirty: int
    values: np.ndarray
    port_ref: np.ndarray
    entry: np.ndarray
    source_slot: np.ndarray
    source_ref: np.ndarray
    source_siemens: np.ndarray
    source_group: np.ndarray
    wall: np.ndarray
    a: np.ndarray
    b: np.ndarray
    joint: np.ndarray
    source: np.ndarray
    wall_group: np.ndarray


class Columns(NamedTuple):
    """Blocks without pillars, eliminated: ``values`` holds their factors and S; ``port_ref`` as for ``Rows``."""

    program: Program
    values: np.ndarray
    port_ref: np.ndarray


class Interface(NamedTuple):
    """What joins blocks: its matrix (fixed part), and edges between references.

    Attributes:
        program: one block without ports.
        values: fixed conductances and the columns' S, with the positions eliminated that no pillar changes (``still``).
        a, b, siemens: the same as conductances between references, also to sources, whose are the first ``sources``.
        leak: what columns have to ground besides, S, shape (n,).
        wall, pillar_a, pillar_b, joint: pillars between references; ``joint`` as for ``Rows``.
    """

    program: Program
    values: np.ndarray
    a: np.ndarray
    b: np.ndarray
    siemens: np.ndarray
    sources: int
    leak: np.ndarray
    wall: np.ndarray
    pillar_a: np.ndarray
    pillar_b: np.ndarray
    joint: np.ndarray


class Bundles(NamedTuple):
    """Tracks whose currents follow from the same references, and their transfers.

    Attributes:
        device: device of each wall; walls are numbered bundle by bundle.
        first: first wall of each bundle, shape (bundles + 1,).
        ref, ref_first: references of each bundle.
        siemens, siemens_first: current per reference potential, a matrix (walls, references) per bundle.
        heat, heat_a, heat_b: heat of all tracks is the sum of heat · y_a · y_b, S.
    """

    device: np.ndarray
    first: np.ndarray
    ref: np.ndarray
    ref_first: np.ndarray
    siemens: np.ndarray
    siemens_first: np.ndarray
    heat: np.ndarray
    heat_a: np.ndarray
    heat_b: np.ndarray
