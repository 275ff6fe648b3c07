"""Sizes of all currents of a circuit, summed over many drives: what no start of the load phase exceeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwlib.workers.allocation import give_freed_memory_back
from hwlib.workers.threads import in_threads, threads
from sim.rules.statics import StaticCircuit

ALONE = 30_000  # devices; of fewer one drive after the other is solved before threads have begun


def summed_sizes(circuit: StaticCircuit, drives: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Solve for each drive, and add up the sizes of its currents.

    Args:
        circuit: the circuit.
        drives: source voltages per net in V, each of shape (nets,).

    Returns:
        Sums in A for tracks, pillars and the wires that are no contacts (``StaticCircuits.wires``); and the track
        currents of the somas in A, shape (drives, N).
    """
    return (_one_by_one if circuit.network.devices <= ALONE else _at_once)(circuit, drives)


def _one_by_one(circuit: StaticCircuit, drives: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    totals, somas = [np.zeros(len(of.siemens)) for of in (circuit.tracks, circuit.pillars, circuit.wires)], []
    for volts in drives:
        share = circuit.solve(volts)
        somas.append(share.track_current[circuit.network.somas])
        each = share.track_current, share.pillar_current, share.shared_current
        for total, current in zip(totals, each, strict=True):
            total += np.abs(current, out=current)
    return totals, np.array(somas)


def _at_once(circuit: StaticCircuit, drives: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    from sim.circuit.many_drives import LANES, add_sizes  # compiled; most networks do without

    give_freed_memory_back()  # what follows takes large pieces, which fit into no gaps
    many, net = circuit.many_drives()
    kinds = [
        (many.place[of.first], many.place[of.second], of.siemens)
        for of in (circuit.tracks, circuit.pillars, circuit.wires)
    ]  # fmt: skip
    circuit.forget_wires()
    totals, somas = [np.zeros(len(siemens)) for *_, siemens in kinds], np.empty((0, len(circuit.network.somas)))
    first, second, siemens = (each[circuit.network.somas] for each in kinds[0])

    def potentials(some: Sequence[np.ndarray]) -> np.ndarray:
        held = np.zeros((len(net), LANES))
        held[:, : len(some)] = np.stack(some, axis=1)[net]
        return many.potentials(held)

    groups = [drives[k : k + LANES] for k in range(0, len(drives), LANES)]
    for found in in_threads(potentials, groups, threads()):
        for kind, total in zip(kinds, totals, strict=True):
            add_sizes(*kind, found, total)
        somas = np.concatenate([somas, ((found[first] - found[second]) * siemens[:, None]).T])
        del found  # before the next ones begin: of a million devices it is 65 MB
    return totals, somas[: len(drives)]
