"""What tasks hand on and are told by: distorted starts of stored patterns, cuts beside an empty best one, words."""

import networkx as nx
import numpy as np
import pytest

import sim
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.weights import stored_patterns
from sim.tasks.kinds import Measure, task_of
from sim.tasks.maxcut import Maxcut, solve


def recalled(**task):
    design = Design.model_validate({
        "name": "t", "seed": 4, "network": {"neurons": 9, "weights": {"random_patterns": 2}}, "task": task,
    })  # fmt: skip
    process = design.load_process()
    return design, sim.recall(ideal_network(design, process), design, process)


def test_patterns_in_turn_with_so_many_bits_flipped():
    design, result = recalled(trials=3, distortion=[0.0, 0.34])
    stored = stored_patterns(design)
    which = [0, 1, 0, 0, 1, 0]
    assert np.array_equal(result.loaded_pattern, which)
    assert np.array_equal((result.start.values != stored[which]).sum(axis=1), [0, 0, 0, 3, 3, 3])
    assert not np.array_equal(result.start[3], result.start[5])  # two trials flip other bits
    assert result.distortion.dims == ("trial",) and np.array_equal(result.distortion, [0, 0, 0, 0.34, 0.34, 0.34])
    for case in (0, 1):
        trials, row = result.isel(trial=slice(3 * case, 3 * case + 3)), result.isel(case=case)
        assert float(row.case_accuracy_mean) == pytest.approx(float(trials.accuracy.mean()), rel=1e-12)
        assert int(row.case_recalled) == int(trials.recalled.sum()) and int(row.case_trials) == 3
        assert float(row.case_distortion) == (0.0, 0.34)[case] and int(row.case_flipped) == (0, 3)[case]
        assert int(row.case_undetermined) == int(trials.undetermined.sum())


def test_weights_from_a_matrix_have_no_cases():
    weights = {"matrix": [[0, 1], [1, 0]]}
    design = Design.model_validate({"name": "t", "network": {"neurons": 2, "weights": weights}})
    assert task_of(design).cases(design) == []


def test_an_engine_that_is_not_there_is_refused_by_every_task():
    design = Design(name="t", network={"neurons": 3}, task={"trials": 1})
    process = design.load_process()
    for run in (sim.recall, sim.run_task):
        with pytest.raises(InputError, match="nope"):
            run(ideal_network(design, process), design, process, engine="nope")
    with pytest.raises(InputError, match="nope"):
        solve([nx.path_graph(3)], engine="nope")


def test_where_no_cut_beats_the_empty_one_it_is_all_of_the_best(tmp_path):
    (tmp_path / "g.txt").write_text("2 1\n1 2 -1\n")
    path = tmp_path / "d.yaml"
    path.write_text("name: m\nnetwork: {weight_style: lines}\ntask: {kind: maxcut, graph: g.txt, mapping: balanced}\n")
    design = load_design(path)
    process = design.load_process()
    result = sim.run_task(ideal_network(design, process), design, process)
    assert (float(result.case_best[0]), float(result.cut[0]), float(result.share_of_best[0])) == (0.0, 0.0, 1.0)
    assert np.isnan(result.case_gap[0])


def test_a_graph_whose_answer_hangs_on_rounding_is_said_so():
    case = {"graph": "g.txt", "undetermined": True, "cut": 7.0, "time_to_solution": 2e-7, "other_cut": 5.0,
            "other_time": 1.5e-7}  # fmt: skip
    said = "g.txt: undetermined: {}; it hangs on rounding (currents changed by a billionth end otherwise)"
    assert Maxcut.said([case]) == [said.format("cut 5 after 150 ns or cut 7 after 200 ns")]
    alike = case | {"other_cut": 7.0, "other_time": 2e-7}
    assert Maxcut.said([alike]) == [said.format("cut 7 after 200 ns, with the nodes on other sides")]
    assert Maxcut.said([case | {"undetermined": False}]) == []


@pytest.mark.parametrize(("style", "unit"), [("time", "s"), ("energy", "J"), ("share", "1"), ("whole", "1")])
def test_units_of_measures(style, unit):
    assert Measure("a", "", style, "what").attributes == {"units": unit, "long_name": "what"}
