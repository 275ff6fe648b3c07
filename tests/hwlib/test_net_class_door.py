"""A class of nets from outside the package: one object, registered, and every room knows it."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.nets import NET_CLASSES, NetClass, Source, parse_net, register
from sim.spice.deck import write_deck
from spinhop.pages.resistance_table import resistance_table
from tests.support.drawn_network import draw_network

TWICE_W = Source("weight", lambda net, point: 2.0)


@pytest.fixture
def guard():
    """Wires beside the array, numbered, that one source holds at 2 W throughout."""
    added = register(
        NetClass("guard", "guard_{neuron}", "guard wire {neuron}", "guard", loading=TWICE_W, converging=TWICE_W)
    )
    yield added
    del NET_CLASSES[added.name]


def test_a_net_class_from_outside_is_extracted_held_simulated_and_listed(guard, tmp_path):
    design = Design(name="drawn", network={"neurons": 3})
    process = design.load_process()
    bare = draw_network(design)
    bare.layout.write(str(tmp_path / "bare.gds"))
    guarded = draw_network(design)
    top = guarded.layout.top_cell()
    guarded.box(top, "m2", -2000, 0, -1900, 3000)  # 30 squares
    guarded.text(top, "m2", "guard_7", -1950, 10)
    guarded.layout.write(str(tmp_path / "guarded.gds"))

    network, without = (extract(tmp_path / f"{name}.gds", process, design) for name in ("guarded", "bare"))
    assert set(network.net_names) - set(without.net_names) == {"guard_7"}
    assert network.net_names[-1] == "guard_7"  # classes in the order in which they were registered
    assert parse_net("guard_7").net_class is guard and guard.in_words(parse_net("guard_7")) == "guard wire 7"

    protocol = sim.protocol_for(design, process, start=np.array([1, 0, 1]), weight=0.07)
    for voltages in (protocol.net_voltages(network), protocol.load_voltages(network)):
        assert voltages[-1] == pytest.approx(0.14, abs=0)
    results = [sim.run(each, protocol, engine="reference", record=False) for each in (network, without)]
    assert np.array_equal(*(r.wall_final for r in results))  # it touches nothing
    assert "guard_7" not in [row.worst for row in resistance_table(network)]  # no device hangs on it

    deck = write_deck(network, protocol, tmp_path / "deck.cir", load_time=2e-8).bench.read_text()
    assert "Vguard_7 guard_7 0 {2*weight}" in deck


def test_names_of_two_classes_are_not_one(guard):
    with pytest.raises(ValueError, match="there is a net class guard already"):
        register(guard)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("guard_{neuron", r"its form or words cannot be read \(expected '}' before end of string\)"),
        ("guard_{row}", r"its form or words cannot be read \('row'\)"),
        ("guard({neuron}", "its form or words cannot be read"),
        ("guard {neuron}", "'guard 3', of its form, is no net's name: letters, digits and _"),
        ("dend_{neuron}", "'dend_3', of its form, is of the class dendrite already"),
        ("w_{neuron}_{pre}", "'w_3_5', of its form, is of the class line already"),
        ("gnd", "'gnd', of its form, is of the class ground already"),
    ],
)
def test_a_form_that_names_no_net_of_its_own_is_refused(form, message):
    with pytest.raises(ValueError, match=f"^net class odd: {message}"):
        register(NetClass("odd", form, "odd {neuron}", "odd"))
    assert "odd" not in NET_CLASSES
