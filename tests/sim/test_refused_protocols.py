"""What is no protocol, or none that a network takes, is refused in a line; it ended in tracebacks, or in an answer."""

import numpy as np
import pytest

import sim
from hwlib.errors import InputError
from hwlib.schematic import ladder_network
from hwlib.training_rules import hebbian
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design


@pytest.fixture(scope="module")
def network_and_design():
    design = paper_design(3)
    return ladder_network(design, design.load_process(), 1.0), design


def protocol(design, **changes):
    return protocol_for(design, design.load_process(), **({"levels": np.zeros((3, 3))} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"net_levels": {"w_1_0": np.nan}}, "net_levels: 'w_1_0' has nan, must be a finite number"),
        ({"net_levels": {"w_1_0": "x"}}, "net_levels: 'w_1_0' has 'x', must be a finite number"),
        ({"net_levels": [1.0]}, "net_levels is list of 1, must be levels by the names of nets"),
        ({"levels": 1j * np.ones((3, 3))}, "levels must be numbers, found array"),
        ({"start": [0, 1.5, 0]}, "start must be 3 bits, found 1.5 for neuron 1"),
        ({"start": "110"}, "start must be 3 bits, found '110'"),
        ({"start": [[1], [0, 1], 0]}, "start must be 3 bits, found list of 3"),
        ({"initial": "x"}, "initial must be 9 fractions of L, found 'x'"),
        ({"initial": [*[0.5] * 8, np.nan]}, "initial must be 9 fractions of L, found nan for device 8"),
        ({"v_dw": -1e4}, "v_dw is -10000 V, allowed at most 1000 V in size$"),
        ({"v_charge": 1e30}, r"v_charge is 1e\+30 V, allowed at most 100 V in size$"),
        ({"weight": 1e30}, r"weight is 1e\+30 V, allowed at most 100 V in size$"),
        ({"levels": np.eye(3, k=1) * -1e300}, r"levels: -1e\+300 from neuron 1 to 0, allowed at most 1e\+06 in size$"),
        ({"net_levels": {"w_1_0": 1e300}}, r"net_levels: 'w_1_0' has 1e\+300, allowed at most 1e\+06 in size$"),
        ({"v_dw": None}, "v_dw is None"),
        ({"v_charge": True}, "v_charge: True are no quantities in V"),
        ({"weight": np.ones(2)}, r"weight: an array of shape \(2,\), must be one number"),
        ({"v_dw": 1j}, "v_dw: 1j are no quantities in V"),
        ({"load": None}, "load is None"),
        ({"load": True}, "load: True are no quantities in s"),
        ({"time_limit": [[1], [1, 2]]}, "time_limit: list of 2 are no quantities in s"),
        ({"noise": 300.0}, "noise is 300.0, must be a ThermalNoise"),
    ],
)
def test_fields(network_and_design, changes, message):
    network, design = network_and_design
    with pytest.raises(InputError, match=f"^protocol: {message}"):
        sim.run(network, protocol(design, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": np.nan}, "samples: nan is no whole number"),
        ({"samples": -5}, "samples: -5, allowed 1 to"),
        ({"samples": 1.5}, "samples: 1.5 is no whole number"),
        ({"tolerance": "x"}, "tolerance: 'x' is no number, allowed 1e-13 to 0.01 of L"),
        ({"tolerance": None}, "tolerance: None is no number, allowed 1e-13 to 0.01 of L"),
    ],
)
def test_arguments(network_and_design, changes, message):
    network, design = network_and_design
    with pytest.raises(InputError, match=f"^{message}"):
        sim.run(network, protocol(design), **changes)


def test_other_objects(network_and_design):
    network, design = network_and_design
    point = protocol(design)
    for call, message in (
        (lambda: sim.run(point, network), r"^network: Protocol\(.*, allowed: a Network$"),
        (lambda: sim.run(network, None), "^protocol: None, allowed: a Protocol$"),
        (lambda: sim.run_batch(network, point), r"^protocols: Protocol\(.*, allowed: a list$"),
        (lambda: network.with_wires("x"), "^network: resistor_ohm is 'x', needs a number or an array"),
        (lambda: hebbian([[1, 0], [1]]), "^patterns: .* rows of different lengths$"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_protocols_of_a_generator_are_trials(network_and_design):
    network, design = network_and_design
    points = [protocol(design, initial=np.full(9, share)) for share in (0.0, 1.0)]
    plain, drawn = (sim.run_batch(network, each, engine="reference") for each in (points, (p for p in points)))
    assert drawn.equals(plain)
