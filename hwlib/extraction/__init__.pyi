"""Public names of the extraction; each is loaded when it is first used."""

from .conductors import with_capacitance as with_capacitance
from .extractor import extract as extract
from .parasitics import with_parasitics as with_parasitics
from .spef import write_spef as write_spef
from .spef_reader import read_spef as read_spef
from .spice_writer import write_spice as write_spice
