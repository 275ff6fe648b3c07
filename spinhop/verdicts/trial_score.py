"""How well one trial did its design's task, by the task's own measure."""

from __future__ import annotations

from spinhop.run_folder.artefacts import drawn_network, ideal_wires
from spinhop.run_folder.result_files import TRIAL
from spinhop.run_folder.runs import Run
from spinhop.run_folder.stored_results import StoredResults


def trial_score(run: Run, *, ideal: bool) -> float | None:
    """The task's ``measure`` of a run folder's single trial, as the first trial of its batch has it.

    Args:
        run: the run folder.
        ideal: whether its wires are ideal.

    Returns:
        0 … 1; None when there is nothing to compare the trial with.

    Raises:
        InputError: a damaged file.
    """
    import sim
    from sim.tasks.kinds import task_of

    task = task_of(run.design)
    if task.unscored(run.design):
        return None
    network = ideal_wires(run) if ideal else drawn_network(run)
    trial = StoredResults.of(run).trial(ideal=ideal)
    kept = [variable for variable in TRIAL if variable in trial and variable not in ("source", "sink", "v_dw")]
    batch = trial[kept].expand_dims("trial")
    point = sim.protocol_on(network, run.design, run.process, v_dw=float(trial["v_dw"]))
    task.score(batch, run.design, network, point)
    return float(batch[task.measure][0])
