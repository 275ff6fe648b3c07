"""``spinhop train``: weights learnt on the drawn network hold there what others lose, from the file that it writes."""

import json

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from hwlib.network import MTJ_IN
from hwlib.process import preset_text
from hwlib.weights import stored_patterns
from spinhop.extracted_network import draw_and_extract
from tests.support.compiling_line import without_compiling


def thin(folder, ohm=15.0):
    """A process with dendrites and lines of that many ohms per square."""
    head, m3 = preset_text("ebeam").split("  m3: ")
    (folder / "thin.yaml").write_text(head + "  m3: " + m3.replace("0.8 ohm", f"{ohm} ohm", 1))


def test_a_drawn_network_learns_its_memories(spinhop, tmp_path):
    """Three patterns on seven neurons, which Hebb's weights lose as drawn; integer weights up to three hold them."""
    thin(tmp_path)
    path = tmp_path / "d.yaml"
    path.write_text(
        "name: d\nprocess: thin.yaml\nseed: 3\ntask: {trials: 4, distortion: [0.0]}\n"
        "network: {neurons: 7, weight_style: lines, weights: {random_patterns: 3}}\n"
    )
    code, out, err = spinhop("train", path, "--limit", "3", "--steps", "3", "--json")
    assert without_compiling(err) == ""
    said = json.loads(out)
    rows = {row["quantity"]: row for row in said["rows"]}
    design, plain = load_design(said["design"]), load_design(path)
    assert np.array_equal(stored_patterns(design), stored_patterns(plain))
    levels = design.weight_levels()
    assert np.abs(levels).max() <= 3 and np.array_equal(levels, np.round(levels))
    network, process = draw_and_extract(design), design.load_process()
    margins = {
        name: next(o.margin for o in sim.judge(network, each, process).outcomes if o.rule == "drive.pattern")
        for name, each in (("drawn", plain), ("trained", design))
    }
    for name, margin in margins.items():
        assert rows["drive.pattern: margin"][name] == pytest.approx(margin)
    assert margins["drawn"] < 0 < margins["trained"] and said["faint"] == []
    result = sim.run_task(network, design, process)
    assert rows["accuracy"]["trained"] == pytest.approx(float(result["accuracy_mean"])) == 1
    assert rows["accuracy"]["drawn"] < 1 and said["function"]["verdict"] == "works"
    assert code == (said["limits"]["verdict"] == "broken")
    at = network.node_net[network.terminals[~network.is_soma, MTJ_IN]]
    volts = sim.protocol_on(network, design, process).net_voltages(network)[at]
    assert rows["largest weight voltage"]["trained"] == pytest.approx(np.abs(volts).max())


def test_weights_near_0_are_told(spinhop, tmp_path):
    """Of three neurons one learns to stay where its leak takes it: nothing but a bad verdict said so."""
    path = tmp_path / "three.yaml"
    path.write_text("name: three\nnetwork: {neurons: 3, weight_style: lines}\n")
    _, out, _ = spinhop("train", path, "--rules-only")
    assert "weights of soma 2 came out near 0 (below 0.1 times W)" in out
    _, out, _ = spinhop("train", path, "--rules-only", "--force", "--json")
    said = json.loads(out)
    assert said["faint"] == [2] and np.abs(load_design(said["design"]).weight_levels()[2]).max() < 0.01


def test_pictures_are_learnt_too(spinhop, tmp_path):
    (tmp_path / "a.txt").write_text("##\n..\n")
    (tmp_path / "b.txt").write_text("#.\n#.\n")
    path = tmp_path / "d.yaml"
    path.write_text(
        "name: d\nnetwork: {weight_style: lines}\ntask: {kind: images, pictures: [a.txt, b.txt], trials: 1}\n"
    )
    spinhop("train", path, "--rules-only", "--out", tmp_path / "t.yaml")
    design = load_design(tmp_path / "t.yaml")
    assert stored_patterns(design).tolist() == [[1, 1, 0, 0], [1, 0, 1, 0]] and design.network.weights.rule == "given"
    assert not np.array_equal(design.weight_levels(), load_design(path).weight_levels())


@pytest.mark.parametrize(
    ("network", "more", "message"),
    [
        ("neurons: 3", "", "d.yaml: network.weight_style: rails; training on the drawn network needs lines"),
        (
            "neurons: 2, weight_style: lines, weights: {matrix: [[0, 1], [1, 0]]}", "",
            "d.yaml: network.weights: no stored patterns to train",
        ),
        ("neurons: 3, weight_style: lines", "compensation: {v_dw: 20 mV}\n", "d.yaml: compensation: its voltages"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_told_before_any_work(spinhop, tmp_path, network, more, message):
    path = tmp_path / "d.yaml"
    path.write_text(f"name: d\nnetwork: {{{network}}}\n{more}")
    code, out, err = spinhop("train", path)
    assert (code, out) == (2, "") and message in err and err.count("\n") == 1 and len(err) <= 200
    assert list(tmp_path.iterdir()) == [path]
