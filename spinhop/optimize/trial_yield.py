"""Yield as an objective: the share of a proposed design's made chips that work."""

from __future__ import annotations

from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from spinhop.study.point_evaluation import made
from spinhop.verdicts.verdict import TrialCounts


def working_share(design: Design, process: Process, network: Network, chips: int) -> float:
    """Share of the chips 0, 1, … of the design's variation that do its task and keep every rule without a waiver.

    All designs of a search have the same chips: their random numbers are those of the variation's seed.

    Args:
        design: with a section ``variation``.
        process: of its wires.
        network: the drawn network.
        chips: how many.
    """
    assert design.variation is not None
    good = 0
    for number in range(chips):
        variation = design.variation.model_copy(update={"chip": number})
        chip = design.model_copy(update={"variation": variation, "waivers": {}})
        good += _works(*made(chip, process, network), process)
    return good / chips


def _works(design: Design, network: Network, process: Process) -> bool:
    import sim
    from sim.tasks.kinds import task_of

    if any(finding.severity == "error" for finding in sim.judge(network, design, process).findings()):
        return False
    trials = sim.run_task(network, design, process)
    return TrialCounts.of(trials, task_of(design)).works(design.task.required)
