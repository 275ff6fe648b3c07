"""A network by dense nodal analysis and small steps, from the circuit and ``v = k·I + v_leak`` alone.

Shares no code with engines and rules: every wall on its own, every node of every wire in one matrix.
"""

import numpy as np

DW_IN, DW_OUT, MTJ_IN, MTJ_OUT = range(4)
STEP = 0.2e-9  # s, while a wall moves under a pillar; else until the next wall reaches one, or an end


def stamped(matrix, nodes, siemens):
    """The matrix with conductances between pairs of nodes."""
    matrix = matrix.copy()
    for (row, column), sign in {(0, 0): 1, (1, 1): 1, (0, 1): -1, (1, 0): -1}.items():
        np.add.at(matrix, (nodes[:, row], nodes[:, column]), sign * siemens)
    return matrix


def potentials(network, source, wall):
    """Of every node in V with the walls at ``wall`` m; ``source`` as for ``march``."""
    known = np.full(network.nodes, np.nan)
    known[network.pin_node] = source[network.node_net[network.pin_node]]
    on = np.clip((wall - network.pillar_centre) / network.pillar_width + 0.5, 0, 1)
    matrix = np.zeros((network.nodes,) * 2)
    for nodes, siemens in (
        (network.resistor_nodes, 1 / network.resistor_ohm),
        (network.terminals[:, [DW_IN, DW_OUT]], 1 / network.r_m),
        (network.terminals[:, [MTJ_IN, MTJ_OUT]], on / network.r_p + (1 - on) / network.r_ap),
    ):
        matrix = stamped(matrix, nodes, siemens)
    free, volt = np.isnan(known), np.nan_to_num(known)
    volt[free] = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[np.ix_(free, ~free)] @ known[~free])
    return volt


def march(network, source, wall, time, step=STEP):
    """Walls in m after a time with the sources on, or as soon as none moves any more; and how long that took.

    ``source`` is the voltage of each net in V, NaN where it is open.
    """
    wires = stamped(np.zeros((network.nodes,) * 2), network.resistor_nodes, 1 / network.resistor_ohm)
    wires = stamped(wires, network.terminals[:, [DW_IN, DW_OUT]], 1 / network.r_m)
    known = np.full(network.nodes, np.nan)
    known[network.pin_node] = source[network.node_net[network.pin_node]]
    free, volt = np.isnan(known), np.nan_to_num(known)
    low, end = network.pillar_centre - network.pillar_width / 2, network.length
    high, wall, now, solved = low + network.pillar_width, wall.copy(), 0.0, None
    while now < time:
        on = np.clip((wall - low) / network.pillar_width, 0, 1)
        if solved is None or (on != solved).any():
            siemens = on / network.r_p + (1 - on) / network.r_ap
            matrix, solved = stamped(wires, network.terminals[:, [MTJ_IN, MTJ_OUT]], siemens), on
            volt[free] = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[np.ix_(free, ~free)] @ known[~free])
        current = (volt[network.terminals[:, DW_IN]] - volt[network.terminals[:, DW_OUT]]) / network.r_m
        speed = network.mobility * current + network.leak
        speed[((wall <= 0) & (speed < 0)) | ((wall >= end) & (speed > 0))] = 0.0
        moving = speed != 0
        if not moving.any():
            break
        ahead = np.concatenate([(place - wall)[moving] / speed[moving] for place in (0 * low, low, high, end)])
        under = np.any(moving & (wall > low) & (wall < high))
        h = min(time - now, step if under else max(step, ahead[ahead > 1e-15].min() + 1e-15))
        wall = np.clip(wall + speed * h, 0, end)
        now += h
    return wall, now


def currents(network, source, wall):
    """Track currents, pillar voltages and wire currents with the walls at rest where they are."""
    low = network.pillar_centre - network.pillar_width / 2
    on = np.clip((wall - low) / network.pillar_width, 0, 1)
    matrix = stamped(np.zeros((network.nodes,) * 2), network.resistor_nodes, 1 / network.resistor_ohm)
    matrix = stamped(matrix, network.terminals[:, [DW_IN, DW_OUT]], 1 / network.r_m)
    matrix = stamped(matrix, network.terminals[:, [MTJ_IN, MTJ_OUT]], on / network.r_p + (1 - on) / network.r_ap)
    volt = np.full(network.nodes, np.nan)
    volt[network.pin_node] = source[network.node_net[network.pin_node]]
    free = np.isnan(volt)
    volt[free] = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[np.ix_(free, ~free)] @ volt[~free])
    ends, wires = volt[network.terminals], volt[network.resistor_nodes]
    track = (ends[:, DW_IN] - ends[:, DW_OUT]) / network.r_m
    return track, ends[:, MTJ_IN] - ends[:, MTJ_OUT], (wires[:, 0] - wires[:, 1]) / network.resistor_ohm
