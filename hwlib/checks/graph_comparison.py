"""KLayout's own netlist comparison, and the LVS database it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import klayout.db as kdb

from hwlib.checks.connectivity import Extracted
from hwlib.checks.databases import write_lvsdb
from hwlib.checks.lvs_reference import reference_netlist
from hwlib.design import Design
from hwlib.errors import StoppedError
from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.workers.forked import beside

# Of processor time; the comparison takes a tenth of it where names lead it, up to half where none is right.
SECONDS, SECONDS_PER_DEVICE = 5.0, 5e-3


@contextmanager
def topology_beside(
    extracted: Extracted, design: Design, process: Process, database: str | Path | None, *, quiet: bool
) -> Iterator[Callable[[], list[Finding]]]:
    """Compare the netlists as graphs (names only help) and write the database, while the block goes on.

    With nothing reported the nets are known by name: they go together, which a third of the time tells. Otherwise
    graphs that look alike everywhere can keep the comparison busy for ever, as when names are missing: a child process
    makes it, and is killed when it takes more than ``SECONDS`` and ``SECONDS_PER_DEVICE``.

    Args:
        extracted: the layout's netlist.
        design: the design.
        process: its process.
        database: .lvsdb file to write, or None; when the comparison is stopped there is none.
        quiet: mismatches are already reported in better words; only write the database.

    Yields:
        What waits for the findings: one when the graphs differ, or a warning when the comparison was stopped.
    """
    if quiet and not database:
        yield list
        return
    reference = reference_netlist(design, process)
    seconds = SECONDS + SECONDS_PER_DEVICE * design.topology.devices
    if database:
        Path(database).unlink(missing_ok=True)
    cell = extracted.layout.top_cell().name
    with beside(lambda: _compare(extracted.lvs, reference, database, named=not quiet), seconds=seconds) as result:
        yield lambda: _findings(result, seconds, cell, quiet=quiet)


def _findings(matched: Callable[[], bool], seconds: float, cell: str, *, quiet: bool) -> list[Finding]:
    try:
        if matched() or quiet:
            return []
    except StoppedError:
        message = f"the netlists are not compared as graphs: the comparison was stopped after {seconds:.3g} s"
        return [Finding("lvs", "lvs.topology", message, "warning", cell=cell)]
    message = "the netlists differ as graphs; open the LVS database for the details"
    return [Finding("lvs", "lvs.topology", message, cell=cell)]


def _compare(
    found: kdb.LayoutVsSchematic, reference: kdb.Netlist, database: str | Path | None, *, named: bool
) -> bool:  # fmt: skip
    """Whether the netlists match. ``named``: nets are known by name, and no search has to find which is which."""
    netlist = found.netlist()
    _flatten(netlist)
    found.reference = reference
    comparer = kdb.NetlistComparer()
    top = netlist.top_circuits()[0] if netlist.top_circuit_count() else None
    if top is not None:
        comparer.same_circuits(top, wanted := reference.top_circuits()[0])
        own = {net.name: net for net in wanted.each_net()} if named else {}
        for net in top.each_net():
            if net.name in own:
                comparer.same_nets(top, wanted, net, own[net.name])
    matched: bool = found.compare(comparer)
    if database:
        write_lvsdb(found, database)
    return matched


def _flatten(netlist: kdb.Netlist) -> None:
    """Dissolve every circuit below the top; nets of the top become its pins, as in the reference."""
    tops = {circuit.cell_index for circuit in netlist.top_circuits()}
    for circuit in [c for c in netlist.each_circuit_bottom_up() if c.cell_index not in tops]:
        netlist.flatten_circuit(circuit)
    netlist.make_top_level_pins()
