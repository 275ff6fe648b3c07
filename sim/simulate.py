"""The two calls that simulate a network: one trial, recorded or not, or many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from hwlib.errors import InputError
from hwlib.network import Network
from sim.checkpoint import FinishedTrials, forget, identity, under_way
from sim.engines import DEFAULT_TOLERANCE, Engine, Options, Progress, choose
from sim.protocol import Protocol
from sim.result import Trials, dataset, trace_samples

MAX_SAMPLES = 2000  # of currents and voltages
_KEEP_EVERY = 10.0  # s between two checkpoints of a batch, or longer where a trial is


def run(
    network: Network, protocol: Protocol, *, engine: str = "auto", record: bool = True,
    tolerance: float = DEFAULT_TOLERANCE, samples: int = MAX_SAMPLES, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Simulate one trial: load, release, convergence until every wall is at rest or the time limit.

    Args:
        network: ideal or extracted.
        protocol: what is done to it.
        engine: ``reference`` (every wall, all wires, a sparse solve per evaluation), ``ideal`` (no wires), ``layout``,
            or ``auto``: the fastest that is exact for this network.
        record: keep the walls' events, and samples of currents and voltages.
        tolerance: largest estimated error of a wall position per step, fraction of L.
        samples: most samples; large networks keep fewer, to bound memory.
        checkpoint: file to go on from when it exists, rewritten during the run and removed at its end; only without
            ``record``. The result has the same bits as of a run in one go. The engine ``layout`` goes on within the
            trial, the others, much shorter or only for small networks, begin it anew.

    Returns:
        Dataset in SI units: ``time_load``, ``time_convergence``, ``time_to_solution``, ``at_rest`` (False: the limit
        was reached), ``state`` (neuron), ``wall_final`` (device), ``energy_source`` (source), ``energy_sink`` (sink),
        ``kcl_residual``, ``energy_balance``, ``steps``; with ``record`` also the walls over time (see
        ``sim.traces``): ``event_device``, ``event_time``, ``event_wall``, ``event_kind`` (event); and sampled at
        ``time``, both ends of every phase among it: ``track_current`` (device), ``soma_current`` (neuron),
        ``node_voltage`` (node), ``phase``.

    Raises:
        InputError: an unknown engine, one that cannot run this network, a protocol that does not fit it, or a
            checkpoint of another run.
    """
    if checkpoint is not None and record:
        raise InputError("checkpoint: records nothing; give record=False with it")
    options = Options(
        tolerance=tolerance, record=record, samples=trace_samples(network, samples),
        checkpoint=None if checkpoint is None else Path(checkpoint),
    )  # fmt: skip
    _check(network, [protocol], tolerance)
    name, chosen = choose(engine, network, [protocol])
    return dataset(network, chosen.simulate(network, [protocol], options), name, batch=False)


def run_batch(
    network: Network, protocols: Sequence[Protocol], *, engine: str = "auto", tolerance: float = DEFAULT_TOLERANCE,
    progress: Progress | None = None, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Simulate many trials on one network, each with its own weights and start.

    Args:
        network: ideal or extracted.
        protocols: one per trial.
        engine: as for ``run``.
        tolerance: as for ``run``.
        progress: called with (trials done, trials in all).
        checkpoint: file that keeps finished trials (``<file>.trial`` the one under way, with the engine ``layout``);
            when it exists only the others are run. Removed at the end. The result has the same bits as of a run in one
            go.

    Returns:
        The dataset of ``run`` with nothing recorded, every variable with the leading dimension ``trial``.

    Raises:
        InputError: as for ``run``; or no protocol.
    """
    if not protocols:
        raise InputError("run_batch: no protocol; give at least one trial")
    _check(network, protocols, tolerance)
    name, chosen = choose(engine, network, protocols)
    options = Options(tolerance=tolerance, progress=progress)
    if checkpoint is None:
        trials = chosen.simulate(network, protocols, options)
    else:
        kept = FinishedTrials(Path(checkpoint), identity(network, protocols, name, tolerance))
        trials = _simulate_keeping(chosen, network, protocols, options, kept)
    return dataset(network, trials, name, batch=True)


def _simulate_keeping(
    engine: Engine, network: Network, protocols: Sequence[Protocol], options: Options, kept: FinishedTrials
) -> Trials:
    """Run what is not kept yet, as many trials at once as take about ``_KEEP_EVERY``, and keep them."""
    together, total = 1, len(protocols)
    while (first := kept.count) < total:
        some = protocols[first : first + together]
        # A trial is resumed only where it is the first that is missing, and then it is run alone.
        one = replace(options, progress=None, checkpoint=under_way(kept.path) if len(some) == 1 else None)
        begun = time.perf_counter()
        kept.keep(engine.simulate(network, some, one))
        together = max(1, int(_KEEP_EVERY * len(some) / (time.perf_counter() - begun)))
        if options.progress:
            options.progress(kept.count, total)
    trials = kept.all()
    forget(kept.path)
    return trials


def _check(network: Network, protocols: Sequence[Protocol], tolerance: float) -> None:
    if not 1e-13 <= tolerance <= 1e-2:
        raise InputError(f"tolerance: {tolerance!r}, allowed 1e-13 to 1e-2 of L")
    for k, protocol in enumerate(protocols):
        _check_protocol(network, protocol, f"protocol of trial {k}" if len(protocols) > 1 else "protocol")


def _check_protocol(network: Network, protocol: Protocol, where: str) -> None:
    if protocol.start is not None:
        start = np.asarray(protocol.start)
        if start.shape != (network.neurons,) or not np.isin(start, (0, 1)).all():
            raise InputError(f"{where}: start must be {network.neurons} bits, found shape {start.shape}")
    if protocol.initial is not None:
        initial = np.asarray(protocol.initial, float)
        if initial.shape != (network.devices,) or not np.all((initial >= 0) & (initial <= 1)):
            raise InputError(f"{where}: initial must be {network.devices} fractions of L, found shape {initial.shape}")
    numbers = {"v_dw": protocol.v_dw, "v_charge": protocol.v_charge, "weight": protocol.weight}
    for name, value in numbers.items():
        if not np.isfinite(value):
            raise InputError(f"{where}: {name} is {value}, must be finite")
    if protocol.rails_while_loading not in ("floating", "grounded"):
        raise InputError(
            f"{where}: rails_while_loading is {protocol.rails_while_loading!r}, allowed 'floating' or 'grounded'"
        )
    if protocol.levels is not None and not np.isfinite(np.asarray(protocol.levels, float)).all():
        raise InputError(f"{where}: levels must be finite")
    if not (np.isfinite(protocol.time_limit) and protocol.time_limit > 0):
        raise InputError(f"{where}: time_limit is {protocol.time_limit}, must be positive and finite")
    if protocol.load != "rest" and not (np.isfinite(protocol.load) and protocol.load > 0):
        raise InputError(f"{where}: load is {protocol.load!r}, must be 'rest' or a positive time")
