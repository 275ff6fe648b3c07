"""Writing a network, and a trial on it, as a deck for a circuit simulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError
from hwlib.nets import in_comment
from hwlib.network import Network
from hwlib.quantities import in_si
from hwlib.storage.writing import write_bytes, write_lines
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.protocol_checks import check_protocols
from sim.spice.deck_law import deck_law_of
from sim.spice.dialect import dialect_of
from sim.spice.ngspice import check_deck_name
from sim.spice.trial_bench import TrialBench

LONGEST_STEP = 0.2e-9  # s: with longer ones ngspice jumps over pillars
_STEP_SHARE = 0.1  # of L: the farthest a wall goes in a step


@dataclass(frozen=True)
class Deck:
    """A written deck.

    Attributes:
        bench: sources, switches, transient and measures; the file to run.
        network: devices, wires and the subcircuit ``spinhop_network``; included by the bench. With more than 1000
            nets that have pins, more than ngspice lets a subcircuit have, devices and wires stand on its top level.
        load_time: s from the start to the release, 0 without a load phase.
        stop_time: s from the start to the end of the transient.
        max_step: s, longest time step.
        dialect: whose syntax it has.
        models: Verilog-A files beside it.
    """

    bench: Path
    network: Path
    load_time: float
    stop_time: float
    max_step: float
    dialect: str = "ngspice"
    models: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return self.bench, self.network, *self.models


@takes_kinds
def write_deck(
    network: Network, protocol: Protocol, path: str | Path, *, load_time: float | str | None = None,
    duration: float | str | None = None, max_step: float | str | None = None, dialect: str = "ngspice",
    remark: str = "",
) -> Deck:  # fmt: skip
    """Write a trial as a bench, and beside it the network as a subcircuit that any deck can include.

    The bench loads through switches, releases at a fixed time, and, for ngspice and Xyce, measures when each soma is
    read as ON or OFF and when the last wall came to rest. Decks cannot end a phase by a condition, so a load "until
    rest" needs its time.

    Args:
        network: ideal or extracted; capacitances are left out, as in the engines.
        protocol: the trial.
        path: the bench; the network is ``<stem>_network`` with the dialect's ending beside it, and so are the
            Verilog-A models of dialects that have them.
        load_time: of the load phase in s, or a text such as ``"16 ns"`` (so the other times too), for protocols that
            load until rest.
        duration: of the convergence phase in s; default the protocol's time limit.
        max_step: longest time step in s; default 0.2 ns, or less when a wall could go farther than 0.1 L in it.
        dialect: ``ngspice``, ``xyce``, ``vacask`` or ``spectre``.
        remark: for a comment at the head of the bench, such as where V_DW comes from.

    Raises:
        InputError: no load time is known, a time is not positive, an unknown dialect, walls of a law that decks do not
            have, or the file has a name that a simulator could misread.
        StorageError: the file cannot be written.
    """
    form = dialect_of(dialect)
    file = Path(path)
    check_protocols(network, [protocol])
    law = deck_law_of(network.dynamics.model, verilog_a=form.verilog_a, noise=protocol.noise is not None)
    check_deck_name(file)
    load_time = None if load_time is None else in_si(load_time, "s", "spice: load_time", sign="not negative")
    duration, max_step = (
        None if value is None else in_si(value, "s", f"spice: {name}", sign="positive")
        for name, value in (("duration", duration), ("max_step", max_step))
    )
    load = _load_time(protocol, load_time)
    span = protocol.time_limit if duration is None else duration
    step = _step(network, protocol) if max_step is None else max_step
    bench = TrialBench(network, protocol, law, load, load + span, step, form.most_ports, in_comment(remark))
    beside = file.with_name(f"{file.stem}{form.network_suffix}")
    models = {file.with_name(source.name): source for source in form.models(bench)}
    deck = Deck(file, beside, load, load + span, step, dialect, tuple(models))
    write_lines(deck.network, form.network_lines(bench))
    for target, source in models.items():
        write_bytes(target, source.read_bytes())
    write_lines(deck.bench, form.bench_lines(bench, file, beside))
    return deck


def _load_time(protocol: Protocol, given: float | None) -> float:
    if protocol.start is None:
        return 0.0
    load = given if protocol.load == "rest" else float(protocol.load)
    if load is None:
        raise InputError("spice: the load phase lasts until rest; give its time (load_time), for example of a run")
    if not load > 0:
        raise InputError(f"spice: load_time is {load:g} s, must be positive and finite")
    return load


def _step(network: Network, protocol: Protocol) -> float:
    """Longest step in which no wall driven by V_C or a weight goes farther than 0.1 L."""
    weights = np.abs(protocol.axon_weights(network)[~network.is_soma]).max(initial=0.0)
    volts = max(abs(protocol.v_charge) if protocol.start is not None else 0.0, weights)
    fastest = dynamics_of(network).fastest(volts / network.r_m) / network.length
    return float(min(LONGEST_STEP, _STEP_SHARE / fastest.max()))
