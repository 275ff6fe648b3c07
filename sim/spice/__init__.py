"""SPICE decks of a network, and ngspice as an independent simulator of them.

``write_deck`` writes three files that include one another: the device, the network as a subcircuit, and a bench with
sources, switches and measures. ``run_ngspice`` runs a bench and reads it back as the dataset of ``sim.run``.
"""

from sim.spice.deck import Timing as Timing
from sim.spice.deck import write_deck as write_deck
from sim.spice.run import find_ngspice as find_ngspice
from sim.spice.run import run_ngspice as run_ngspice
