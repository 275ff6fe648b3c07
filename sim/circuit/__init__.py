"""Circuits of a network: resistors with sources (``resistor_network``), pins of a net as one node (``circuit_nodes``).

Rules, static solves and reports share one resistor network. The reference engine and ngspice's meters have a circuit of
their own (``sim.engines.reference``), the layout engine another: they are judges of each other.
"""

from sim.circuit.circuit_nodes import joined_pins as joined_pins
