"""Where the layout engine's time goes, and how far it is from memory bandwidth. Looks inside the engine."""

from __future__ import annotations

import ctypes
import time
from dataclasses import replace
from typing import Any

import numpy as np
from engine_measures import SPAN, TOLERANCE, case
from machine import cpu_seconds, triad_bandwidth, wall_seconds
from whole_trials import TOLERANCE as RECALLS
from whole_trials import trials

from hwlib.network import Network
from sim.engines import Options
from sim.engines.driver import TrialRun, run_trial, run_trials
from sim.engines.jit_options import plain
from sim.engines.layout import threads_for
from sim.engines.layout.elimination.schur import row_potentials, solve
from sim.engines.layout.elimination.trial_lanes import solve_together
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.engines.layout.partition.block_records import INTERFACE, SWEEP
from sim.engines.vector_code import LANES
from sim.protocol import Protocol


def profile(neurons: int, threads: int = 0) -> dict[str, Any]:
    """A trial from loading to rest: time to prepare, in circuit solutions, and in moving walls.

    A solution's time is that of one with every pillar changed, an upper bound for its share; ``bytes`` are those that
    such a solution cannot avoid to touch, and ``bandwidth_share`` compares their rate with STREAM's triad in this run.
    """
    return _profile(*case(neurons, SPAN / neurons, load="rest"), threads)


def drawn(neurons: int) -> dict[str, Any]:
    """The same of a network drawn with weight rails in thick copper and extracted, each phase cut off after 100 ns."""
    warm = _begun(*_drawn(9), 1)
    while not warm.go():
        pass
    network, protocol = _drawn(neurons)
    found = _profile(network, protocol, 0)
    return found | {"drawn": True, "together_seconds": _solution_together(network, protocol)}


def sweep_against_elimination(neurons: int, somas: str) -> dict[str, float]:
    """CPU seconds of all rows of a drawn network, swept as coupled ladders and eliminated node by node."""
    run = _begun(*_drawn(neurons, somas), 1)
    held = run.stepper.held[0]
    row_potentials(held)
    seconds, general = _kernel_seconds(run, SWEEP, 0), cpu_seconds(lambda: row_potentials(held), 20)[0]
    return {"sweep": seconds, "elimination": general, "ratio": general / seconds}


def _kernel_seconds(run: TrialRun, which: int, *shares: int) -> float:
    """CPU seconds of a part of a solution with every pillar changed, on one thread."""
    system, held = run.stepper.system, run.stepper.held[0]
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * len(shares))(int(system.calls[which]))

    def called() -> None:
        for _ in range(20):
            system.work.dirty[:] = True
            kernel(held.address, *shares)

    return cpu_seconds(called, 20)[0] / 20


def abreast(neurons: int, count: int = LANES, repeats: int = 3) -> dict[str, Any]:
    """CPU seconds of recalls on drawn rails one after the other, and of the same moved at once, on one thread."""
    network, protocols = trials(neurons, count)
    options = Options(tolerance=RECALLS)
    solver = LayoutSolver(network, 1)
    solver.side_by_side = 1

    class OneThread:
        prepare = staticmethod(lambda _: solver)

    def alone() -> list[Any]:
        return [run_trial(TrialRun(solver, protocol, options)) for protocol in protocols]

    def together() -> Any:
        return run_trials(OneThread, network, protocols, options)  # type: ignore[arg-type]

    same = np.array_equal(np.concatenate([each.wall_final for each in alone()]), together().wall_final)
    (single, _), (batch, _) = cpu_seconds(alone, repeats), cpu_seconds(together, repeats)
    return {
        "neurons": neurons, "trials": count, "single": single, "together": batch, "ratio": single / batch, "same": same,
    }  # fmt: skip


def _drawn(neurons: int, somas: str = "centred") -> tuple[Network, Protocol]:
    from hwlib.design import Design
    from sim.protocol import protocol_for
    from spinhop.extracted_network import draw_and_extract

    design = Design.model_validate({
        "name": "drawn", "process": "copper_thick",
        "network": {"neurons": neurons, "weight_style": "rails", "soma_placement": somas},
        "operating_point": {"load": "rest"}, "task": {"time_limit": 100e-9},
    })  # fmt: skip
    start = np.random.default_rng(1).integers(0, 2, neurons)
    return draw_and_extract(design), protocol_for(design, design.load_process(), start=start)


def _profile(network: Network, protocol: Protocol, threads: int) -> dict[str, Any]:
    neurons, threads = network.neurons, threads or threads_for(network)
    _begun(*_small(), threads).go(1)
    begun = time.perf_counter()
    run = _begun(network, protocol, threads)
    ready, motions, releasing, counted = time.perf_counter() - begun, [run.stepper.motion], 0.0, 0
    begun = time.perf_counter()
    while True:
        before, start, solved = run.phase, time.perf_counter(), int(run.stepper.motion.clock[4])
        over = run.go()
        if run.phase != before:  # the call also made the plan of the next phase
            releasing += time.perf_counter() - start
            motions.append(run.stepper.motion)
        else:
            counted += int(run.stepper.motion.clock[4]) - solved
        if over:
            break
    stepping = time.perf_counter() - begun
    solutions = sum(int(motion.clock[4]) for motion in motions)
    each = _solution_seconds(run)
    touched = _touched(run)
    triad = triad_bandwidth(threads)
    return {
        "neurons": neurons, "threads": threads, "ready_seconds": ready, "stepping_seconds": stepping,
        "steps": run.steps, "solutions": solutions, "solution_seconds": each,
        "ns_per_wall_and_all": (stepping - releasing) * 1e9 / counted / neurons**2,
        "solution_share": min(each * solutions / stepping, 1.0), "release_share": releasing / stepping,
        "bytes": touched, "triad": triad, "bandwidth_share": touched / each / triad,
        **(_parts(run) if threads == 1 else {}),
    }  # fmt: skip


def _parts(run: TrialRun) -> dict[str, Any]:
    """What a solution consists of: sweeps of the rows, and the interface with the updates of its matrix."""
    program = run.stepper.plan.interface.program
    return {
        "sweep_seconds": _kernel_seconds(run, SWEEP, 0), "interface_seconds": _kernel_seconds(run, INTERFACE),
        "updates": int(program.pair[program.n] - program.pair[program.still]),
    }  # fmt: skip


def _begun(network: Network, protocol: Protocol, threads: int) -> TrialRun:
    return TrialRun(LayoutSolver(network, threads), protocol, Options(tolerance=TOLERANCE))


def _small() -> tuple[Any, Any]:
    return case(20, SPAN / 20)


def _solution_seconds(run: TrialRun) -> float:
    """Of one solution with every pillar changed."""

    def once() -> None:
        run.stepper.system.work.dirty[:] = True
        solve(run.stepper.held[0])

    once()
    return wall_seconds(once, 30, 3.0)[0]


def _solution_together(network: Network, protocol: Protocol) -> float:
    """A trial's share of one solution with every pillar changed, of as many trials as there are lanes."""
    solver, rng = LayoutSolver(network, 1), np.random.default_rng(2)
    starts = rng.integers(0, 2, (LANES, network.neurons))
    runs = [TrialRun(solver, replace(protocol, start=start), Options(tolerance=TOLERANCE)) for start in starts]
    steppers = [run.stepper for run in runs]
    table = np.array([[handle.address for handle in each.held] for each in steppers])
    room = steppers[0]._room.lanes

    def once() -> None:
        for each in steppers:
            each.system.work.dirty[:] = True
        _solve_together(table, room, steppers[0].held[0])

    once()
    return wall_seconds(once, 30, 3.0)[0] / LANES


@plain()
def _solve_together(table, room, example):
    solve_together(table, np.int64(0), np.int64(len(table)), room, example)


def _touched(run: TrialRun) -> int:
    """Bytes of everything that changes with the pillars, and of the wires between them."""
    system = run.stepper.system
    arrays = [system.taps.siemens, system.taps.volt, system.single.ohm, system.single.series]
    if system.coupled.rails:
        coupled = system.coupled
        arrays = [system.coupled_state.siemens, coupled.wire, coupled.rail]
    elif len(system.single.wall) == 0:
        arrays = [system.work.values, system.work.b, system.work.x, system.rows.values]
    return sum(array.nbytes for array in arrays)
