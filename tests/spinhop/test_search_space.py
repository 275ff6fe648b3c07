"""What a search may change: axes and their values, and designs slowed or scaled by the similarity of ideal networks."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.sections.search_fields import SearchFields
from spinhop.optimize import optimize
from spinhop.optimize.search_space import axes_of, candidate, own_values, scaled


def ideal_result(design):
    process = design.load_process()
    return sim.run_task(ideal_network(design, process), design, process)


LAW = {"name": "law", "network": {"neurons": 6}, "seed": 4}


@pytest.mark.parametrize("s", [0.5, 3.0, 400.0])
def test_times_follow_the_similarity_law(s):
    """RA, R_M × s and leaks / s on ideal wires: times × s, energies and outcomes equal, power / s."""
    design = Design(**LAW, task={"trials": 3})
    one, slow = ideal_result(design), ideal_result(scaled(design, s, 1e9))
    np.testing.assert_allclose(slow["time_to_solution"], s * one["time_to_solution"], rtol=1e-9)
    np.testing.assert_allclose(slow["energy_source"].sum("source"), one["energy_source"].sum("source"), rtol=1e-9)
    assert (slow["state"].values == one["state"].values).all()


@pytest.mark.parametrize("b", [0.07, 3.0])
def test_energies_follow_the_similarity_law_of_voltages(b):
    """All voltages and leaks × b on ideal wires: times / b, energies × b, so that energy × time stays."""
    one = ideal_result(Design(**LAW, task={"trials": 3}))
    volts = {"weight": 0.1 * b, "v_charge": 0.1 * b, "v_dw": float(one["v_dw"]) * b}
    point = volts | {"axon_leak": -5.0 * b, "soma_leak": 0.2 * b}
    far = ideal_result(Design(**LAW, task={"trials": 3, "time_limit": 2e-6 / b}, operating_point=point))
    np.testing.assert_allclose(b * far["time_to_solution"], one["time_to_solution"], rtol=1e-9)
    np.testing.assert_allclose(far["energy_source"].sum("source"), b * one["energy_source"].sum("source"), rtol=1e-9)
    assert (far["state"].values == one["state"].values).all()


def test_the_track_s_resistance_follows_only_as_far_as_its_metal_allows():
    design = Design(name="metal", network={"neurons": 6})
    assert scaled(design, 1.5, 2000.0).device.track_resistance == pytest.approx(3000.0)  # two squares
    assert scaled(design, 10.0, 2000.0).device.track_resistance == pytest.approx(4000.0)
    assert scaled(design, 10.0, 2000.0).device.r_p == pytest.approx(5000.0)


def test_the_track_s_resistance_goes_with_its_squares():
    """A given R_M is a sheet resistance on so many squares: a longer track has more of it, and none is free."""
    axes = {"device.track_length": ("100 nm", "400 nm")}
    base = Design(
        name="squares", network={"neurons": 6}, device={"track_resistance": 3000.0}, search=SearchFields(axes=axes)
    )
    assert candidate(base, axes_of(base, "x"), {"device.track_length": 3e-7}).device.track_resistance == pytest.approx(
        9000.0
    )
    free = Design(
        name="free", network={"neurons": 6}, device={"track_resistance": 4001.0}, search=SearchFields(axes=axes)
    )
    with pytest.raises(InputError, match=r"device.track_resistance: 2000.5 ohm per square .* allowed 2000 ohm"):
        axes_of(free, "free.yaml")


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"operating_point.weigth": ("1 mV", "2 mV")}, "search.axes.operating_point.weigth"),
        ({"operating_point.weight": ("0.02", "0.1")}, "operating_point.weight"),
        ({"operating_point.weight": (0.02, 0.1)}, "has no unit"),
        ({"operating_point.weight": ("150 mV", "20 mV")}, "two values, lowest first"),
        ({"operating_point.weight": ("20 mV",)}, "two values, lowest first"),
        ({"device.track_resistance": ("1 kohm", "9 kohm")}, "it follows from the track's sheet resistance"),
        ({"network.soma_placement": ("diagonal", "nowhere")}, "network.soma_placement: 'nowhere'"),
        ({"network.straps.drive.pitch": (0, 4)}, "network.straps.drive.pitch: 0.0: must be at least"),
        ({"network.straps.drive.metal": ("m4", "m3")}, "network.straps.drive.metal: 'm3'"),
        ({"network.straps.drive.colour": ("m4", "m5")}, "no field network.straps.drive.colour"),
        ({"network.straps.drive": ("m4", "m5")}, "a section; give [without, with]"),
        ({"network.straps.drive.pitch": (1, 4)}, "axes: no values of theirs make a design: network.straps.drive.metal"),
        ({"s": (10.0, 1.0)}, "two values, lowest first"),
        ({"s": ("1", "10")}, "two numbers from 0.001"),
        ({"network": ("a", "b")}, "search.axes.network"),
        ({"network.weights.patterns": ("a", "b")}, "network.weights.patterns"),
        ({"task.kind.deeper": ("a", "b")}, "task.kind.deeper"),
        ({"name": ("a", "b")}, "it names the result"),
        ({"task.required_accuracy": (0.1, 0.9)}, "designs have to reach it"),
        ({"task.required_share": (0.1, 0.9)}, "designs have to reach it"),
    ],
)
def test_axes_that_are_none(axes, message):
    design = Design(name="bad", network={"neurons": 4}, search=SearchFields(axes=axes))
    with pytest.raises(InputError) as found:
        axes_of(design, "bad.yaml")
    assert message in str(found.value) and str(found.value).startswith("bad.yaml: search.axes")
    assert len(found.value.lines) == 1 and len(found.value.lines[0]) <= 200


def test_wrong_axes_are_told_with_their_lines(tmp_path):
    path = tmp_path / "d.yaml"
    search = "search:\n  objectives: [yield]\n  axes:\n    s: [1, 10]\n    seed: [1, 2]\n"
    path.write_text(f"name: bad\nnetwork: {{neurons: 4}}\n{search}")
    with pytest.raises(InputError, match=r"d\.yaml:7: search\.axes\.seed: not to be searched"):
        optimize(path, tmp_path / "out")
    path.write_text(path.read_text().replace("    seed: [1, 2]\n", ""))
    with pytest.raises(InputError, match=r"d\.yaml:4: search\.objectives: yield needs a section 'variation'"):
        optimize(path, tmp_path / "out")


def test_axes_whose_values_go_together_only_with_each_other():
    """Sections that the design leaves out, a taper that only wide wires take, two straps that may cross."""
    axes = {
        "network.dendrite_width": ("60 nm", "300 nm"), "network.tapers.dendrite": ("without", "with"),
        "network.tapers.dendrite.narrow": ("40 nm", "200 nm"), "network.straps.drive": ("with", "without"),
        "network.straps.drive.metal": ("m4", "m5"), "network.straps.drive.pitch": (1, 4),
        "network.straps.vdw.metal": ("m4", "m5"), "network.straps.vdw.width": ("50 nm", "90 nm"),
    }  # fmt: skip
    base = Design(name="apart", network={"neurons": 4}, search=SearchFields(axes=axes))
    found = {axis.name: axis for axis in axes_of(base, "apart.yaml")}
    assert found["network.straps.vdw.width"].unit == "m" and found["network.straps.vdw.width"].low == pytest.approx(
        5e-8
    )
    assert own_values(base, list(found.values())) == dict.fromkeys(
        ("network.tapers.dendrite", "network.straps.drive"), "without"
    )
    middle = {name: axis.choices[0] if axis.choices else (axis.low + axis.high) / 2 for name, axis in found.items()}
    values = middle | {"network.straps.vdw.metal": "m5", "network.straps.drive.pitch": 3}
    drawn = candidate(base, list(found.values()), values).network
    assert drawn.tapers.dendrite is None and drawn.straps.drive is not None and drawn.straps.drive.metal == "m4"
    assert drawn.straps.vdw is not None and drawn.straps.vdw.metal == "m5" and drawn.straps.drive.pitch == 3
    other = values | {"network.tapers.dendrite": "with", "network.straps.drive": "without"}
    drawn = candidate(base, list(found.values()), other).network
    assert drawn.tapers.dendrite is not None and drawn.straps.drive is None
    for wrong in (
        {"network.straps.vdw.metal": "m4"},
        {"network.tapers.dendrite": "with", "network.dendrite_width": 7e-8},
    ):
        with pytest.raises(ValueError, match=r"would cross|less than dendrite_width"):
            candidate(base, list(found.values()), values | wrong)
