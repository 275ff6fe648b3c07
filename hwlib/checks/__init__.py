"""Checks of a layout: design rules (``drc``), layout versus schematic (``lvs``), and planted faults that try them.

Findings are ``hwlib.findings.Finding``; ``write_lyrdb`` and ``hwlib.findings.write_findings`` write them to files.
"""

from hwlib.checks.databases import write_lyrdb
from hwlib.checks.design_rules.run import drc
from hwlib.checks.design_rules.script import drc_script, write_drc_script
from hwlib.checks.drawn_devices import read_device_places
from hwlib.checks.klayout_lvs import lvs_script, write_lvs_script
from hwlib.checks.lvs_engine import lvs, lvs_beside, open_labelled_layout
from hwlib.checks.lvs_reference import reference_netlist, write_reference_spice

__all__ = [
    "drc",
    "drc_script",
    "lvs",
    "lvs_beside",
    "lvs_script",
    "open_labelled_layout",
    "read_device_places",
    "reference_netlist",
    "write_drc_script",
    "write_lvs_script",
    "write_lyrdb",
    "write_reference_spice",
]
