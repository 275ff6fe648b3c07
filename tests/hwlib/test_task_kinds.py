"""The task of a design: its kinds, what follows from its files, and one clear line for what does not fit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import sim
from hwlib.design import Design, load_design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.weights import hebbian, stored_patterns, weight_levels

U, T = "#.#\n#.#\n###\n", "###\n.#.\n.#.\n"
PATH = "3 2\n1 2 1\n2 3 1\n"
IMAGES, MAXCUT = "kind: images, pictures: [u.txt, t.txt]", "kind: maxcut, graph: g.txt"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "u.txt").write_text(U)
    (tmp_path / "t.txt").write_text(T)
    (tmp_path / "g.txt").write_text(PATH)

    def design(task: str, network: str = ""):
        path = tmp_path / "d.yaml"
        path.write_text(f"name: d\n{f'network: {{{network}}}' if network else ''}\ntask: {{{task}}}\n")
        return path

    return design


def test_pictures_give_neurons_and_weights(write):
    design = load_design(write(IMAGES))
    stored = np.array([[1, 0, 1, 1, 0, 1, 1, 1, 1], [1, 1, 1, 0, 1, 0, 0, 1, 0]])
    assert design.network.neurons == 9 and np.array_equal(stored_patterns(design), stored)
    assert np.array_equal(weight_levels(design), hebbian(stored))
    assert load_design(write("kind: images")).network.neurons == 100  # the letters


def test_a_graph_gives_neurons_and_weights(write):
    """A path of three nodes: mean weight 2/3, so edges repel with 1.05 and the missing one holds with 2."""
    design = load_design(write(MAXCUT))
    edge, none = -1.05 * 0.5, 1.0
    assert np.allclose(weight_levels(design), [[0, edge, none], [edge, 0, edge], [none, edge, 0]])
    assert stored_patterns(design) is None


def test_what_is_given_and_agrees_is_taken(write):
    patterns = "patterns: ['101101111', '111010010']"
    assert load_design(write(IMAGES, f"neurons: 9, weights: {{{patterns}}}")).network.neurons == 9


def test_it_is_the_same_from_python(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Design.model_validate({"name": "d", "task": {"kind": "maxcut", "graph": "g.txt"}})
    assert np.array_equal(weight_levels(made), weight_levels(load_design(write(MAXCUT))))
    again = Design.model_validate(made.model_dump())  # with its weights spelt out
    assert np.array_equal(weight_levels(again), weight_levels(made))


@pytest.mark.parametrize(
    ("task", "network", "message"),
    [
        ("kind: images, pictures: [none.png]", "", ":3: task.pictures.0: none.png: no such picture file"),
        ("kind: images, pictures: [u.txt, ../t.txt]", "", ":3: task.pictures.1: file: path '../t.txt' leaves"),
        ("kind: images, pictures: [u.txt, u.txt]", "", ":3: task.pictures: u.txt: the same picture as u.txt"),
        ("kind: images, pictures: [g.txt]", "", ":3: task.pictures.0: g.txt:1: character '3' in column 1"),
        ("kind: images, pictures: []", "", ":3: task.pictures: "),
        (IMAGES, "neurons: 4", ":2: network.neurons: 4, but the pictures have 9 pixels (3 × 3); leave it out or"),
        (IMAGES, "weights: {random_patterns: 2}", ":2: network.weights: other weights than those of the task's files"),
        (f"{IMAGES}, distortion: [0.1, 1.5]", "", ":3: task.distortion.1: "),
        (f"{IMAGES}, distortion: [-0.1]", "", ":3: task.distortion.0: "),
        (f"{IMAGES}, invert: 1", "", ":3: task.invert: "),
        (IMAGES, "weights: {matrix_file: no.csv}", ":2: network.weights.matrix_file: no.csv: no such weight matrix"),
        (f"{IMAGES}, threshold: 0", "", ":3: task.threshold: "),
        (f"{IMAGES}, trails: 3", "", ":3: task.trails: unknown key, did you mean 'trials'?"),
        ("kind: maxcut", "", ":3: task: give graph or graphs, found neither"),
        (f"{MAXCUT}, graphs: [g.txt]", "", ":3: task: give graph or graphs, found both"),
        ("kind: maxcut, graph: no.txt", "", ":3: task.graph: no.txt: no such graph file"),
        ("kind: maxcut, graph: u.txt", "", ":3: task.graph: u.txt:1: "),
        (MAXCUT, "neurons: 4", ":2: network.neurons: 4, but the graph has 3 nodes; leave it out or give 3"),
        (f"{MAXCUT}, mapping: odd", "", ":3: task.mapping: "),
        (f"{MAXCUT}, prove: 5", "", ":3: task.prove: 5 has no unit"),
        ("kind: recal", "neurons: 3", ":3: task.kind: must be 'recall', 'images', 'maxcut', found 'recal'"),
        ("kind: 3", "neurons: 3", ":3: task.kind: "),
        ("distortion: [0.1], starts: ['101']", "neurons: 3", ":3: task.distortion: given starts are not distorted"),
        (
            "distortion: [0.1]", "neurons: 2, weights: {matrix: [[0, 1], [1, 0]]}",
            ":3: task.distortion: the weights are a matrix",
        ),
        ("kind: recall", "weight_style: rails", ":2: network.neurons: missing, allowed 2 to 1000"),
        ("kind: recall", "", "network: missing, allowed 2 to 1000"),
    ],
)  # fmt: skip
def test_one_clear_line(write, task, network, message):
    with pytest.raises(InputError) as caught:
        load_design(write(task, network))
    (line,) = caught.value.lines
    assert message in line and "d.yaml" in line and len(line) <= LONGEST_LINE


def test_files_of_a_task_are_blamed_with_their_lines_and_others_as_well(tmp_path):
    """The design is named as it was given, the files beside it as it names them."""
    path = tmp_path / "d.yaml"
    path.write_text("name: d\nprocess: no.yaml\ntask:\n  kind: images\n  pictures:\n  - a.png\n  - b.png\n")
    with pytest.raises(InputError) as caught:
        load_design(path)
    assert caught.value.lines == (
        f"{path}:2: process: no.yaml: no such process file",
        f"{path}:6: task.pictures.0: a.png: no such picture file",
        f"{path}:7: task.pictures.1: b.png: no such picture file",
    )  # fmt: skip


def test_graphs_that_no_network_takes(write, tmp_path):
    ring = f"300 300\n{''.join(f'{k} {k % 300 + 1} 1' + chr(10) for k in range(1, 301))}"
    (tmp_path / "ring.txt").write_text(ring)
    path = write("kind: maxcut, graph: ring.txt", "weight_style: lines")
    with pytest.raises(InputError, match=r"network\.weight_style: weight_style lines is limited to 256 neurons"):
        load_design(path)
    star = "".join(f"1 {k} {k}\n" for k in range(2, 22))
    (tmp_path / "star.txt").write_text(f"21 20\n{star}")
    with pytest.raises(InputError, match="the rails style carries at most 16; use weight_style lines"):
        load_design(write("kind: maxcut, graph: star.txt"))
    (tmp_path / "other.txt").write_text("3 2\n1 2 1\n1 3 1\n")
    two = "kind: maxcut, graphs: [g.txt, other.txt]"
    with pytest.raises(InputError, match=r"task\.graphs\.1: other\.txt: .*weight_style lines"):
        load_design(write(two))
    assert load_design(write(two, "weight_style: lines")).network.neurons == 3
    with pytest.raises(InputError, match=r"task\.graphs\.1: ring\.txt: 300 nodes, the first graph has 3"):
        load_design(write("kind: maxcut, graphs: [g.txt, ring.txt]"))


def test_without_a_simulator_files_of_tasks_are_not_read(write):
    code = f"from hwlib.design import load_design\nload_design({str(write(IMAGES))!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "nothing that reads the files of 'images' is loaded; import sim" in done.stderr


def test_each_file_is_read_once(write, monkeypatch):
    from hwlib import design as designs
    from sim.tasks import picture_recall

    read: list[str] = []

    def counted(name, function):
        return lambda *a, **k: (read.append(name), function(*a, **k))[1]

    monkeypatch.setattr(picture_recall, "read_picture", counted("picture", picture_recall.read_picture))
    monkeypatch.setattr(designs, "load_process", counted("process", designs.load_process))
    design = load_design(write(IMAGES))
    for _ in range(3):
        design.load_process()
        weight_levels(design)
        sim.starts(design)
    assert sorted(read) == ["picture", "picture", "process"]
