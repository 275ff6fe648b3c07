"""KLayout's own netlist comparison, and the LVS database it makes."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb

from hwlib.checks.connectivity import Extracted
from hwlib.checks.reference_netlist import reference_netlist
from hwlib.design import Design
from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.writing import write_with_library


def compare_topology(
    extracted: Extracted, design: Design, process: Process, database: str | Path | None, *, quiet: bool
) -> list[Finding]:
    """Compare the netlists as graphs (names only help) and write the database.

    Args:
        extracted: the layout's netlist; it is flattened.
        design: the design.
        process: its process.
        database: .lvsdb file to write, or None.
        quiet: mismatches are already reported in better words; only write the database.
    """
    database_object, netlist = extracted.lvs, extracted.lvs.netlist()
    reference = reference_netlist(design, process)
    _flatten(netlist)
    database_object.reference = reference
    comparer = kdb.NetlistComparer()
    top = netlist.top_circuits()[0] if netlist.top_circuit_count() else None
    if top is not None:
        comparer.same_circuits(top, reference.top_circuits()[0])
    matched = database_object.compare(comparer)
    if database:
        write_with_library(Path(database), lambda p: database_object.write(str(p)))
    if matched or quiet:
        return []
    message = "the netlists differ as graphs; open the LVS database for the details"
    return [Finding("lvs", "lvs.topology", message, cell=extracted.layout.top_cell().name)]


def _flatten(netlist: kdb.Netlist) -> None:
    """Dissolve every circuit below the top; nets of the top become its pins, as in the reference."""
    tops = {circuit.cell_index for circuit in netlist.top_circuits()}
    for circuit in [c for c in netlist.each_circuit_bottom_up() if c.cell_index not in tops]:
        netlist.flatten_circuit(circuit)
    netlist.make_top_level_pins()
