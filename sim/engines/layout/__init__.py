"""Layout-aware engine: N² walls in the extracted network, solved directly block by block.

The circuit falls into dendrite rows and drive columns joined by a small interface. Columns and segments of trunks never
change: each is eliminated once, and its tracks' currents are fixed combinations of a few potentials. Rows are
eliminated anew when a wall under one of their pillars moved; rows that are plain ladders (weight lines) are swept many
at a time (``ladders``). The interface, with every coupling through ground, V_DW and weight rails, is solved with them:
nothing is iterated or dropped, and ``kcl_residual`` reports what rounding leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

import numba

from hwlib.network import Network
from sim.engines import Options
from sim.engines.layout.layout_stepper import Plans, TrialRun, plan_for, run_trial
from sim.protocol import Protocol
from sim.result import Trials, joined

_WALLS_PER_THREAD = 30_000  # fewer are done sooner by one thread


def refusal(network: Network, protocols: Sequence[Protocol]) -> str | None:
    """Nothing is refused: a network of another shape than rows and columns only takes longer."""
    return None


def simulate(network: Network, protocols: Sequence[Protocol], options: Options) -> Trials:
    """Run every protocol on the network: large networks one after the other, small ones side by side."""
    if len(protocols) > 1 and threads_for(network) == 1 and numba.get_num_threads() > 1:
        return joined(_side_by_side(network, protocols, options))
    plans: Plans = {}
    done = []
    for protocol in protocols:
        done.append(simulate_trial(network, protocol, options, plans=plans, checkpoint=options.checkpoint))
        if options.progress:
            options.progress(len(done), len(protocols))
    return joined(done)


class _StoppedError(Exception):
    pass


def _side_by_side(network: Network, protocols: Sequence[Protocol], options: Options) -> list[Trials]:
    """A trial a thread; each is the same to the last bit as when it runs alone."""
    plans: Plans = {}
    first = protocols[0]
    phases = [first.load_voltages] if first.start is not None else []
    for voltages in (*phases, first.net_voltages):  # threads then find the plans made
        plan_for(network, voltages(network), plans)
    stop = Event()

    def looked() -> None:
        if stop.is_set():
            raise _StoppedError

    def one(protocol: Protocol) -> Trials:
        looked()
        return run_trial(TrialRun(network, protocol, plans, tolerance=options.tolerance, threads=1), looked=looked)

    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        futures = [pool.submit(one, protocol) for protocol in protocols]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if options.progress:
                    options.progress(done, len(protocols))
        finally:
            stop.set()  # after an error or Ctrl-C nothing goes on
    return [future.result() for future in futures]


def simulate_trial(
    network: Network, protocol: Protocol, options: Options, *, plans: Plans | None = None, threads: int | None = None,
    checkpoint: str | Path | None = None,
) -> Trials:  # fmt: skip
    """Run one protocol, with a choice of threads and a checkpoint.

    Args:
        network: extracted or ideal.
        protocol: the trial.
        options: as of every engine.
        plans: plans of this network made before, kept up to date.
        threads: how many share the work; the result is the same to the last bit. By default what pays.
        checkpoint: file to go on from when it exists, rewritten during the run and removed at its end.

    Raises:
        InputError: a checkpoint that cannot be read, or of another run.
    """
    run = TrialRun(
        network, protocol, {} if plans is None else plans, tolerance=options.tolerance,
        threads=threads or threads_for(network), samples=options.samples if options.record else 0,
    )  # fmt: skip
    return run_trial(run, None if checkpoint is None else Path(checkpoint))


def threads_for(network: Network) -> int:
    """How many threads pay for a network."""
    return max(1, min(numba.get_num_threads(), network.devices // _WALLS_PER_THREAD))
