"""SPICE decks of a network, and ngspice as a simulator that shares no code with the engines.

``write_deck`` writes the network as a subcircuit to include, and a bench that puts a trial's sources on it;
``run_deck`` runs a bench; ``simulate`` does both and returns the dataset of ``sim.run``.
"""

from sim.spice.deck import Deck as Deck
from sim.spice.deck import refuse_other_dynamics as refuse_other_dynamics
from sim.spice.deck import write_deck as write_deck
from sim.spice.ngspice import SpiceRun as SpiceRun
from sim.spice.ngspice import find_ngspice as find_ngspice
from sim.spice.ngspice import run_deck as run_deck
from sim.spice.ngspice_trial import read_back as read_back
from sim.spice.ngspice_trial import simulate as simulate
from sim.spice.verilog_a import verilog_a_model as verilog_a_model
