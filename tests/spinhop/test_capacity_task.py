"""The study of capacity: its shares against rest states counted again from its own seeds, and its table."""

import numpy as np
import pytest

import sim
from hwlib.schematic import ideal_network
from hwlib.training_rules import hebbian
from sim.rules import rest_states
from sim.tasks.statistics import grouped_proportion
from spinhop.reproduce import capacity, runner
from spinhop.reproduce.task import Context


def test_the_quick_study_again_and_its_files(tmp_path):
    made = runner.reproduce(tmp_path, quick=True, tasks=["capacity"], seed=2)
    [(_, result)] = made.results
    found = result.series["6"]
    assert found["counts"] == [1, 2, 3] and "perceptron, as drawn" in found["drawn"]
    design, context = capacity._design(6), Context(True, 2, tmp_path)
    process = design.load_process()
    network = ideal_network(design, process)
    for c, count in enumerate((1, 2, 3)):
        held = []
        for k in range(2):
            some = np.random.default_rng(context.spawn(14, 6, k)).integers(0, 2, (3, 6))[:count]
            point = sim.protocol_on(network, design, process, levels=hebbian(some))
            holds = rest_states(network, point, np.concatenate([some, 1 - some])).holds.reshape(2, count)
            held.append([holds.any(axis=0).sum(), holds.all(axis=0).sum()])
        for form, sets in zip(("one", "both"), np.transpose(held), strict=True):
            share, *ends = found["ideal"]["hebbian"][form][c]
            assert share == pytest.approx(100 * sum(sets) / (2 * count))
            assert ends == pytest.approx([100 * end for end in grouped_proportion(sets, count)[1:]])
    assert (tmp_path / "figures" / "capacity.png").stat().st_size > 20_000
    rows = {row.quantity: row for row in result.rows}
    assert set(rows) == {f"patterns held, N = 6: {label}" for label in found["drawn"]}


def test_patterns_held_are_counted_up_to_the_first_miss():
    shares = {"one": [[100.0, 90, 100], [96.0, 80, 99], [94.9, 80, 99], [100.0, 90, 100]], "both": [[94.0, 1, 99]] * 4}
    found = {"counts": [1, 2, 3, 4], "ideal": {"x": shares}, "drawn": {"x": {k: v[:1] for k, v in shares.items()}}}
    row = capacity._row(7, found, "x")
    assert row.ideal.value == 2 and row.drawn["copper_thick"].value == 1
    assert row.note.startswith("in both forms ideal 0, drawn 0; tried [1, 2, 3, 4]")
