"""A design's task on a network: the one path from task to trials and scores, for commands, reports and studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.process import Process
from hwlib.quantities import whole_number
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from sim.engines import DEFAULT_TOLERANCE, Progress
from sim.protocol import Protocol
from sim.set_point import protocol_on, v_dw_on
from sim.simulate import run_batch
from sim.tasks.kinds import refuse_unscored, task_of
from sim.tasks.scores import summarise_trials
from sim.tasks.setup import free_network

MOST_TRIALS = 1_000_000


@takes_kinds
def starts(design: Design, trials: int | None = None) -> np.ndarray | None:
    """The bits that the trials of a design's task load, shape (trials, N); None when they load nothing.

    Args:
        design: the design.
        trials: the first so many, from the first again when there are fewer; default all.

    Raises:
        InputError: no whole number of trials from 1 on.
    """
    if trials is not None:
        trials = whole_number(trials, "trials", most=MOST_TRIALS)
    return task_of(design).start_bits(design, trials)


@takes_kinds
def first_trial(network: Network, design: Design, process: Process, *, v_dw: float | str | None = None) -> Protocol:
    """What the first trial of a design's task does to a network.

    Args:
        network: ideal or extracted.
        design: its operating point and task.
        process: its process.
        v_dw: V_DW in V, or a text such as ``"88 mV"``; default as ``sim.v_dw_on`` says.
    """
    given = {} if v_dw is None else {"v_dw": v_dw}
    point = protocol_on(network, design, process, **given)
    return task_of(design).protocols(design, point, 1)[0]


def ideal_for_task(design: Design, process: Process) -> Network:
    """The network with perfect wires that a design's task runs on.

    Weights that follow from files get a net of their own each, up to 256 neurons: exact where rails have six decimals.
    """
    return free_network(design, process, weight_levels(design)) if design.programme else ideal_network(design, process)


@takes_kinds
def foretold(network: Network, design: Design, process: Process) -> list[str]:
    """What can be said of a design's task on a network before any trial is run, a line each."""
    return task_of(design).foretold(design, network, protocol_on(network, design, process))


@takes_kinds
def run_task(
    network: Network, design: Design, process: Process, *, engine: str = "auto", trials: int | None = None,
    tolerance: float = DEFAULT_TOLERANCE, progress: Progress | None = None, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Run the trials of a design's task on a network, and score them.

    V_DW ``auto`` is the centre of this network's own window (``sim.set_point``).

    Args:
        network: ideal or extracted.
        design: its operating point, task, weights and seed.
        process: its process.
        engine: as for ``sim.run``.
        trials: the first so many; default all.
        tolerance: as for ``sim.run``.
        progress: called with (trials done, trials in all).
        checkpoint: as for ``sim.run_batch``.

    Returns:
        The dataset of ``sim.run_batch``; what the task scores per trial, over all and per case (its ``measure``,
        ``numbers`` and ``columns``); ``time_mean``, ``time_max``, ``time_median`` over the trials at rest (NaN when
        none is), ``rest_rate``, ``energy_mean``; ``v_dw`` (V; attribute ``v_dw_origin`` says where it comes from);
        attributes ``seed`` and ``task``.

    Raises:
        InputError: a network of another size, nothing to compare the trials with, or what ``sim.run_batch`` refuses.
    """
    if network.neurons != design.network.neurons:
        kind = design.task.kind
        raise InputError(f"{kind}: the network has {network.neurons} neurons, the design {design.network.neurons}")
    if trials is not None:
        trials = whole_number(trials, "trials", most=MOST_TRIALS)
    task = task_of(design)
    refuse_unscored(design)
    voltage = v_dw_on(network, design, process)
    point = protocol_on(network, design, process, v_dw=voltage.volts)
    protocols = task.protocols(design, point, trials)
    result = run_batch(network, protocols, engine=engine, tolerance=tolerance, progress=progress, checkpoint=checkpoint)
    result.attrs["seed"], result.attrs["task"] = design.seed, design.task.kind
    voltage.note(result)
    result.update(summarise_trials(result))
    task.score(result, design, network, point)
    return result


@takes_kinds
def recall(
    network: Network, design: Design, process: Process, *, engine: str = "auto", trials: int | None = None,
    tolerance: float = DEFAULT_TOLERANCE, progress: Progress | None = None, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Load starts, let the network converge, compare with the stored patterns or their inverses.

    Args:
        network: ideal or extracted.
        design: its stored patterns, operating point, task and seed.
        process: its process.
        engine: as for ``sim.run``.
        trials: how many; default the design's.
        tolerance: as for ``sim.run``.
        progress: called with (trials done, trials in all).
        checkpoint: as for ``sim.run_batch``.

    Returns:
        The dataset of ``sim.run_task`` and, per trial: ``start`` (trial, neuron), ``accuracy`` (share of right bits,
        best over patterns and inverses; undecided bits are wrong), ``recalled`` (all bits right and at rest),
        ``recalled_pattern`` (which pattern was nearest); over trials: ``accuracy_mean``, ``accuracy_interval`` (Student
        t; Wilson where all are equal), ``recall_rate``, ``recall_interval`` (Wilson), both 95 %. ``pattern`` holds the
        stored bits. With distorted starts also ``loaded_pattern`` and ``distortion`` (trial), and the same numbers per
        share, ``case_…`` (case).

    Raises:
        InputError: the design's weights are a matrix: there is no stored pattern to compare with.
    """
    return run_task(
        network, design, process, engine=engine, trials=trials, tolerance=tolerance, progress=progress,
        checkpoint=checkpoint,
    )  # fmt: skip
