"""Decks of a network, and simulators that share no code with the engines.

``write_deck`` writes the network as a subcircuit to include, and a bench that puts a trial's sources on it, in the
dialect of ngspice, Xyce, VACASK or Spectre; ``run_deck`` runs a bench with ngspice, ``run_vacask`` one with VACASK;
``simulate`` does both and returns the dataset of ``sim.run``. The last two have the device as a Verilog-A model.
"""

from sim.spice.deck import Deck as Deck
from sim.spice.deck import write_deck as write_deck
from sim.spice.deck_law import deck_law_of as deck_law_of
from sim.spice.deck_trial import RUNNABLE as RUNNABLE
from sim.spice.deck_trial import check_simulator as check_simulator
from sim.spice.deck_trial import read_back as read_back
from sim.spice.deck_trial import run_written as run_written
from sim.spice.deck_trial import simulate as simulate
from sim.spice.dialect import DIALECTS as DIALECTS
from sim.spice.dialect import dialect_of as dialect_of
from sim.spice.ngspice import find_ngspice as find_ngspice
from sim.spice.ngspice import run_deck as run_deck
from sim.spice.raw_file import SpiceRun as SpiceRun
from sim.spice.spice_dialects import NGSPICE as NGSPICE
from sim.spice.spice_dialects import XYCE as XYCE
from sim.spice.vacask import compile_model as compile_model
from sim.spice.vacask import find_vacask as find_vacask
from sim.spice.vacask import run_vacask as run_vacask
from sim.spice.vacask import vacask_programs as vacask_programs
from sim.spice.verilog_a_dialects import SPECTRE as SPECTRE
from sim.spice.verilog_a_dialects import VACASK as VACASK
