"""Results of trials that were changed, by one who makes the hashes fit: what contradicts itself is refused."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.storage.netcdf import write_netcdf
from sim.set_point import known_v_dw
from sim.tasks.kinds import task_of
from sim.tasks.run_task import ideal_for_task
from spinhop.run_folder.artefacts import save_dataset
from spinhop.run_folder.result_files import read_task, read_trial, refuse_foreign

TASKS = {
    "recall": "name: t\nnetwork: {neurons: 5}\ntask: {trials: 3}\n",
    "distorted": "name: t\nnetwork: {neurons: 5}\ntask: {trials: 2, distortion: [0.2]}\n",
    "images": "name: t\ntask: {kind: images, pictures: [a.txt], distortion: [0.25], trials: 2}\n",
    "maxcut": "name: t\ntask: {kind: maxcut, graph: g.txt, restarts: 3}\nnetwork: {weight_style: lines}\n",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Of each task its design, its trials and their file."""
    folder, found = tmp_path_factory.mktemp("results"), {}
    (folder / "a.txt").write_text("#.\n.#\n")
    (folder / "g.txt").write_text("4 4\n1 2 1\n2 3 1\n3 4 2\n4 1 1\n")
    for name, text in TASKS.items():
        path = folder / f"{name}.yaml"
        path.write_text(text)
        design = load_design(path)
        process = design.load_process()
        trials = sim.run_task(ideal_for_task(design, process), design, process)
        found[name] = design, trials, save_dataset(trials, folder / f"{name}.nc")
    return found


def inverted(bits):
    return np.where(bits == 0, 1, np.where(bits == 1, 0, bits))


def first(change):
    """One entry is changed."""

    def changed(values):
        values = values.copy()
        values.flat[0] = change(values.flat[0])
        return values

    return changed


RECALL = {
    "state": (first(inverted), "accuracy is not what"), "start": (first(inverted), "start is not what"),
    "pattern": (first(inverted), "pattern is not what"), "recalled": (np.logical_not, "recalled is not what"),
    "recalled_pattern": (lambda values: values + 1, "recalled_pattern is not what"),
    "accuracy_interval": (lambda values: 0.9 * values, "accuracy_interval is not what"),
    "recall_interval": (lambda values: 0.9 * values, "recall_interval is not what"),
    "recall_rate": (lambda values: 0.5 * values + 0.1, "recall_rate is not what"),
}  # fmt: skip
CASES = {
    "loaded_pattern": (lambda values: values + 1, "loaded_pattern is not what"),
    "case_accuracy_mean": (lambda values: 0.5 * values, "case_accuracy_mean is not what"),
    "case_distortion": (lambda values: 0.5 * values, "case_distortion is not what"),
    "case_recalled": (lambda values: values + 1, "case_recalled is not what"),
}  # fmt: skip
CUTS = {
    "state": (first(inverted), "cut is not what"), "cut": (first(lambda value: value + 1), "cut is not what"),
    "start": (first(inverted), "start is not what"),
    "case_cut": (lambda values: values + 0.5, "case_cut is not one of"),
    "case_best": (lambda values: 2 * values, "share_of_best is not what"),
    "case_gap": (lambda values: values + 0.1, "case_gap is not what"),
    "case_nodes": (lambda values: values + 1, "case_nodes is not what"),
    "gap_mean": (lambda values: values + 0.1, "gap_mean is not what"),
}  # fmt: skip
FORGED = [
    *(("recall", name) for name in RECALL), *(("distorted", name) for name in CASES),
    *(("images", name) for name in CASES), *(("maxcut", name) for name in CUTS),
]  # fmt: skip


@pytest.mark.parametrize(("task", "name"), FORGED)
def test_a_number_that_its_states_do_not_come_to_is_found(results, task, name):
    design, found, _ = results[task]
    change, words = {"recall": RECALL, "maxcut": CUTS}.get(task, CASES)[name]
    forged = found.assign({name: (found[name].dims, change(found[name].values))})
    assert task_of(design).contradiction(found, design) == ""
    assert task_of(design).contradiction(forged, design).startswith(words)


@pytest.mark.parametrize(("name", "change", "words"), [
    ("state", inverted, "state is not the read-out of wall_final"),
    ("other_state", first(inverted), "other_state is another state"),
    ("energy_sink", lambda values: -values, "energy_sink is negative"),
    ("energy_source", lambda values: 1.01 * values, "energy_sink is not the energy of its sources"),
    ("time_load", lambda values: -values, "time_load is negative"),
    ("case_accuracy_mean", lambda values: 0.5 * values, "case_accuracy_mean is not what its states"),
])  # fmt: skip
def test_a_file_of_them_is_refused(results, tmp_path, name, change, words):
    design, found, _ = results["distorted"]
    path = tmp_path / "forged.nc"
    write_netcdf(found.assign({name: (found[name].dims, change(found[name].values))}), path)
    with pytest.raises(InputError, match=rf"forged.nc: damaged, or no result of recall \({words}"):
        read_task(path, "recall", design)


def test_a_trial_whose_state_is_not_that_of_its_walls_is_refused(tmp_path):
    design = Design(name="t", network={"neurons": 3})
    network = ideal_network(design, design.load_process())
    found = sim.run(network, sim.first_trial(network, design, design.load_process()))
    read_trial(save_dataset(found, tmp_path / "trial.nc"), design, traces=True)
    for name in ("state", "other_state"):
        found[name] = (found[name].dims, inverted(found[name].values))
    with pytest.raises(InputError, match="state is not the read-out of wall_final"):
        read_trial(save_dataset(found, tmp_path / "trial.nc"), design, traces=True)


TRIAL = {
    "at_rest": (np.logical_not, "at_rest is false of a trial that ended before the time limit"),
    "steps": (lambda values: -values, "steps is negative"),
    "event_wall": (first(lambda value: value + 1), "event_wall is not on the track"),
    "wall_final": (lambda values: values - 2e-8, "wall_final is not on the track"),
    "event_time": (lambda values: 1.5 * values, "event_time does not go from the trial's beginning to its end"),
}  # fmt: skip


def test_a_trial_that_its_design_or_its_own_events_contradict_is_refused(tmp_path):
    design = Design(name="t", network={"neurons": 3})
    network = ideal_network(design, design.load_process())
    found = sim.run(network, sim.first_trial(network, design, design.load_process()))
    path = save_dataset(found, tmp_path / "trial.nc")
    assert bool(read_trial(path, design, traces=True).at_rest)
    for name, (change, words) in TRIAL.items():
        forged = found.assign({name: (found[name].dims, change(found[name].values))})
        with pytest.raises(InputError, match=rf"trial\.nc: damaged, or no result of a trial \({words}\)$"):
            read_trial(save_dataset(forged, path), design, traces=True)
    middle = found.event_wall.where(found.event_time < found.time_to_solution, design.device.track_length / 2)
    with pytest.raises(InputError, match="event_wall does not end at wall_final"):
        read_trial(save_dataset(found.assign(event_wall=middle), path), design, traces=True)
    long = found.assign(
        time_convergence=found.time_convergence * 1e3, time_to_solution=found.time_load + found.time_convergence * 1e3
    )
    with pytest.raises(InputError, match="time_convergence is longer than the time limit"):
        read_trial(save_dataset(long, path), design)


def test_a_trial_that_is_cut_off_is_read(tmp_path):
    """It ended at the limit, and does not rest."""
    for load in ("rest", "10 ns"):
        design = Design(name="t", network={"neurons": 3}, task={"time_limit": "20 ns"}, operating_point={"load": load})
        network = ideal_network(design, design.load_process())
        found = sim.run(network, sim.first_trial(network, design, design.load_process()))
        assert not read_trial(save_dataset(found, tmp_path / "trial.nc"), design, traces=True).at_rest


@pytest.mark.parametrize(("v_dw", "ideal"), [("auto", True), ("eq4", False), ("90 mV", False)])
def test_another_voltage_than_the_design_s_is_refused(results, v_dw, ideal):
    design, found, path = results["recall"]
    design = Design(**design.model_dump(exclude_unset=True) | {"operating_point": {"v_dw": v_dw}})
    known = known_v_dw(design, design.load_process(), wires=not ideal).volts
    said = {"wires": "ideal" if ideal else "extracted"}
    assert refuse_foreign(path, found.assign(v_dw=known).assign_attrs(said), design, ideal=ideal) is not None
    with pytest.raises(InputError, match=r"damaged, or of another run \(v_dw 0\.5 V, here 0\.0"):
        refuse_foreign(path, found.assign(v_dw=0.5).assign_attrs(said), design, ideal=ideal)


def test_another_temperature_than_the_design_s_is_refused(results):
    design, found, path = results["recall"]
    warm = Design(**design.model_dump(exclude_unset=True) | {"operating_point": {"temperature": 300.0, "load": 16e-9}})
    assert refuse_foreign(path, found.assign_attrs(temperature=300.0), warm, ideal=True) is not None
    for other, kelvin, here in ((design, 300.0, "none"), (warm, 310.0, "300 K")):
        with pytest.raises(InputError, match=rf"of another run \(temperature '{kelvin}', here {here}\)"):
            refuse_foreign(path, found.assign_attrs(temperature=kelvin), other, ideal=True)


def test_early_results_that_tell_less_are_read(results, tmp_path):
    """Without states, walls and patterns nothing is known to contradict them."""
    for task in ("recall", "maxcut"):
        design, found, path = results[task]
        read_task(path, design.task.kind, design, shown=True)
        late = {"state", "start", "pattern", "wall_final", "cut", "other_state", "pre", "post", "time_load"}
        write_netcdf(found.drop_vars(late & set(found.variables)), tmp_path / "early.nc")
        read_task(tmp_path / "early.nc", design.task.kind, design)
