"""The two calls that simulate a network: one trial, recorded or not, or many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, UnbalancedError
from hwlib.network import Network
from hwlib.quantities import plain_number
from sim.checkpoint import FinishedTrials, beside, forget, identity, refuse_impossible, under_way
from sim.energies import ENGINE_BALANCE
from sim.engines import DEFAULT_TOLERANCE, Engine, Options, Progress, choose
from sim.engines.driver import run_trials
from sim.protocol import Protocol
from sim.protocol_checks import check_protocols
from sim.result import Trials, dataset, trace_samples
from sim.thermal.noisy_trials import in_double_steps, note_noise, numbered
from sim.thermal.time_steps import check_steps
from sim.ties import judge

MAX_SAMPLES = 2000  # of currents and voltages
_KEEP_EVERY = 10.0  # s between two checkpoints of a batch, or longer where a trial is
_LARGE = 10_000  # devices; runs record the trials of fewer, so that nobody would ask for what is kept of them
# The trial of a large network that was simulated last by itself, unrecorded: a task's first is the same.
_BY_ITSELF: dict[str, Trials] = {}


@takes_kinds
def run(
    network: Network, protocol: Protocol, *, engine: str = "auto", record: bool = True,
    tolerance: float = DEFAULT_TOLERANCE, samples: int = MAX_SAMPLES, checkpoint: str | Path | None = None,
    voltages: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Simulate one trial: load, release, convergence until every wall is at rest or the time limit.

    Args:
        network: ideal or extracted.
        protocol: what is done to it.
        engine: ``reference`` (every wall, all wires, a sparse solve per evaluation), ``ideal`` (no wires), ``layout``,
            or ``auto``: the fastest that is exact for this network.
        record: keep the walls' events, and samples of currents.
        tolerance: largest estimated error of a wall position per step, fraction of L.
        samples: most samples; large networks keep fewer, to bound memory.
        checkpoint: as for ``run_batch``; only without ``record``. The engine ``layout`` goes on within the trial, the
            others, much shorter or only for small networks, begin it anew.
        voltages: sample node voltages too, with ``record``.

    Returns:
        Dataset in SI units: ``time_load``, ``time_convergence``, ``time_to_solution``, ``at_rest`` (False: the limit
        was reached), ``state`` (neuron), ``wall_final`` (device), ``undetermined`` (the outcome hangs on rounding, see
        ``sim.ties``; then ``other_state`` (neuron) and ``other_time`` are what it may be as well), ``sensitivity``,
        ``energy_source`` (source), ``energy_sink`` (sink), ``kcl_residual``, ``energy_balance``, ``steps``; with
        ``record`` also the walls over time (see ``sim.traces``): ``event_device``, ``event_time``, ``event_wall``,
        ``event_kind`` (event); and sampled at ``time``, both ends of every phase among it: ``track_current`` (device),
        ``soma_current`` (neuron), ``phase``; with ``voltages`` also ``node_voltage`` (node), the nodes by the names of
        the SPICE netlist, ``node_name``, and ``net_name``. With noise (``Protocol.noise``) also ``step_error`` and
        ``step_bits``: how far the first trial ends from itself in steps twice as long on the same Brownian path, and
        ``read_error``; ``state`` is read by the pillars then, and nothing is undetermined. Coordinates are the trial's
        parameters: ``v_dw``, ``v_charge``, ``weight``, ``load_duration``, ``time_limit``, ``temperature``, and
        ``start`` and ``initial`` where they are given; attributes the operating point (JSON) and versions.

    Raises:
        InputError: an unknown engine, one that cannot run this network, a protocol that does not fit it, or a
            checkpoint of another run.
        UnbalancedError: an engine that lost energy.
    """
    if checkpoint is not None and record:
        raise InputError("checkpoint: records nothing; give record=False with it")
    if voltages and not record:
        raise InputError("voltages: sampled only with record=True")
    _check_call(network, [protocol], tolerance)
    most = trace_samples(network, samples, voltages=voltages)
    options = Options(tolerance=tolerance, record=record, samples=most, voltages=voltages)
    return _simulated(network, [protocol], engine, options, checkpoint, batch=False)


@takes_kinds
def run_batch(
    network: Network, protocols: Sequence[Protocol], *, engine: str = "auto", tolerance: float = DEFAULT_TOLERANCE,
    progress: Progress | None = None, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Simulate many trials on one network, each with its own weights and start.

    Args:
        network: ideal or extracted.
        protocols: one per trial; their noise is that of the first, of as many trials later (``ThermalNoise.of_trial``).
        engine: as for ``run``.
        tolerance: as for ``run``.
        progress: called with (trials done, trials in all), with the share of the one under way.
        checkpoint: file that keeps finished trials (``<file>.trial`` the one under way, with the engine ``layout``;
            others named after it keep what is run again); when it exists only the others are run. Removed at the end.
            The result has the same bits as of a run in one go.

    Returns:
        The dataset of ``run`` with nothing recorded, every variable with the leading dimension ``trial``; parameters
        that differ from trial to trial (``weight_level`` too) are coordinates over it.

    Raises:
        InputError: as for ``run``; or no protocol.
        UnbalancedError: likewise.
    """
    protocols = list(protocols)
    if not protocols:
        raise InputError("run_batch: no protocol; give at least one trial")
    _check_call(network, protocols, tolerance)
    options = Options(tolerance=tolerance, progress=progress)
    return _simulated(network, protocols, engine, options, checkpoint, batch=True)


def _simulated(
    network: Network, protocols: Sequence[Protocol], engine: str, options: Options, checkpoint: str | Path | None,
    *, batch: bool,
) -> xr.Dataset:  # fmt: skip
    """Run trials, and those again whose outcome may hang on rounding."""
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None:
        refuse_impossible(path)
    protocols = numbered(protocols)
    name, chosen = choose(engine, network, protocols)
    check_steps(network, protocols)

    def simulate(file: Path | None, network: Network, protocols: Sequence[Protocol], options: Options) -> Trials:
        if file is None:
            return run_trials(chosen, network, protocols, options)
        tolerance = options.tolerance
        of = identity(network, protocols, name, tolerance)
        kept = FinishedTrials(file, of, network, len(protocols))
        if batch and _BY_ITSELF and not kept.count:
            first = _BY_ITSELF.get(identity(network, protocols[:1], name, tolerance))
            if first is not None:
                kept.keep(first)
        return _simulate_keeping(chosen, network, protocols, options, kept)

    def again(name: str, network: Network, protocols: Sequence[Protocol]) -> Trials:
        file = None if path is None else beside(path, name)
        return simulate(file, network, protocols, Options(tolerance=options.tolerance))

    trials = simulate(path, network, protocols, options)
    if not batch and not options.record and network.devices > _LARGE:
        _BY_ITSELF.clear()
        _BY_ITSELF[identity(network, protocols, name, options.tolerance)] = trials
    verdicts = judge(network, protocols, trials, again)
    noise = protocols[0].noise
    result = dataset(
        network, trials, name, protocols=protocols, batch=batch, verdicts=verdicts, by_pillar=noise is not None
    )  # fmt: skip
    _refuse_unbalanced(result)
    if noise is not None:
        doubled = run_trials(chosen, network, [in_double_steps(protocols[0])], Options(tolerance=options.tolerance))
        note_noise(result, network, noise, trials, doubled)
    if path is not None:
        forget(path)
    return result


def _refuse_unbalanced(result: xr.Dataset) -> None:
    """Refuse trials in which what sources deliver does not become heat: their other numbers are wrong as well."""
    for trial, share in enumerate(np.atleast_1d(result["energy_balance"].values).tolist()):
        if not share <= ENGINE_BALANCE:
            raise UnbalancedError(
                f"trial {trial}: {100 * share:.3g} % of its energy is missing, rounding leaves 1e-8 %; its compiled "
                "code may be damaged: remove the files *.nbi of the installation, and run again"
            )


def _simulate_keeping(
    engine: Engine, network: Network, protocols: Sequence[Protocol], options: Options, kept: FinishedTrials
) -> Trials:
    """Run what is not kept yet, as many trials at once as take about ``_KEEP_EVERY``, and keep them."""
    together, total = 1, len(protocols)
    while (first := kept.count) < total:
        some = protocols[first : first + together]
        # A trial is resumed only where it is the first that is missing, and then it is run alone.
        tell = None
        if options.progress and len(some) == 1:
            tell = partial(_one_of, options.progress, first, total)
        one = replace(options, progress=tell, checkpoint=under_way(kept.path) if len(some) == 1 else None)
        begun = time.perf_counter()
        kept.keep(run_trials(engine, network, some, one))
        together = max(1, int(_KEEP_EVERY * len(some) / (time.perf_counter() - begun)))
        if options.progress:
            options.progress(kept.count, total)
    return kept.all()


def _one_of(progress: Progress, before: int, total: int, done: float, _: int) -> None:
    if done < 1:  # a finished one is told when it is kept
        progress(before + done, total)


def _check_call(network: Network, protocols: Sequence[Protocol], tolerance: float) -> None:
    plain_number(tolerance, "tolerance", least=1e-13, most=1e-2, of="L")
    check_protocols(network, protocols)
