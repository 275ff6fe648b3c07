"""What a protocol puts on the nets, and which protocols the simulator takes."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.schematic import ideal_network
from hwlib.temperature import at_temperature
from hwlib.weights import weight_levels
from sim.protocol import Protocol, protocol_for
from sim.result import read_out
from sim.tasks.setup import paper_design


def network_and_design(style="rails"):
    design = paper_design(3)
    return ideal_network(design, design.load_process(), style=style), design


def test_sources_of_both_phases():
    network, design = network_and_design()
    protocol = Protocol(v_dw=0.02, v_charge=0.1, weight=0.05, start=np.array([1, 0, 1]))
    load = dict(zip(network.net_names, protocol.load_voltages(network), strict=True))
    run = dict(zip(network.net_names, protocol.net_voltages(network), strict=True))
    assert [load[f"dend_{i}"] for i in range(3)] == [0.1, -0.1, 0.1]
    assert all(np.isnan(run[f"dend_{i}"]) and np.isnan(run[f"drive_{i}"]) for i in range(3))
    for volts in (load, run):
        assert (volts["gnd"], volts["vdw"]) == (0.0, 0.02)
    rails = [name for name in network.net_names if name.startswith("w_")]
    assert rails and all(np.isnan(load[name]) for name in rails)
    assert {run[name] for name in rails} <= {0.05, -0.05}
    axon = ~network.is_soma
    expected = 0.05 * weight_levels(design)[network.post, network.pre]
    np.testing.assert_allclose(protocol.axon_weights(network)[axon], expected[axon])


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_grounded_weights_are_at_0_v_while_loading_only(style):
    network, design = network_and_design(style)
    design = design.model_copy(update={
        "operating_point": design.operating_point.model_copy(update={"rails_while_loading": "grounded"})
    })  # fmt: skip
    protocol = protocol_for(design, design.load_process(), start=np.array([1, 0, 1]), levels=weight_levels(design))
    weights = [k for k, name in enumerate(network.net_names) if name.startswith("w_")]
    assert weights and (protocol.load_voltages(network)[weights] == 0).all()
    assert (np.abs(protocol.net_voltages(network)[weights]) == 0.1).all()


def test_weight_nets_may_have_levels_of_their_own():
    network, design = network_and_design("lines")
    plain = Protocol(v_dw=0.02, v_charge=0.1, weight=0.05, start=np.array([1, 0, 1]), levels=weight_levels(design))
    volts = replace(plain, net_levels={"w_1_0": -0.5, "w_0_2": 0.25}).net_voltages(network)
    expected = plain.net_voltages(network)
    expected[[network.net_index("w_1_0"), network.net_index("w_0_2")]] = -0.025, 0.0125
    np.testing.assert_array_equal(volts, expected)
    with pytest.raises(InputError, match="net_levels: 'dend_0' is no weight net of this network"):
        replace(plain, net_levels={"dend_0": 1.0}).net_voltages(network)


def test_quantities_may_be_texts():
    given = Protocol(v_dw="20 mV", v_charge="0.1 V", weight="50 mV", time_limit="1 us", load="3 ns")
    found = given.v_dw, given.v_charge, given.weight, given.time_limit, given.load
    assert found == pytest.approx((0.02, 0.1, 0.05, 1e-6, 3e-9), rel=1e-12)
    plain = {"v_dw": 0.02, "v_charge": 0.1, "weight": 0.05}
    for name in ("v_dw", "v_charge", "weight", "time_limit", "load"):
        with pytest.raises(InputError, match=name):
            Protocol(**plain | {name: "3 K"})


@pytest.mark.parametrize(("step", "increment"), [("auto", None), (2e-13, 2e-13)])
def test_noise_is_of_the_design_s_temperature_device_seed_and_step(step, increment):
    design = Design.model_validate({
        "name": "warm", "seed": 7, "network": {"neurons": 3}, "task": {"time_step": step},
        "operating_point": {"temperature": 350.0, "load": 1e-8}, "device": {"polarization": 0.6, "read_noise": 0.02},
    })  # fmt: skip
    noise = protocol_for(design, design.load_process()).noise
    assert noise is not None and (noise.temperature, noise.seed, noise.increment) == (350.0, 7, increment)
    device = at_temperature(design, design.load_process())[0].device
    assert (noise.polarization, noise.read_noise) == (device.polarization, 0.02)
    cold = Design.model_validate({"name": "cold", "network": {"neurons": 3}})
    assert protocol_for(cold, cold.load_process()).noise is None


@pytest.mark.parametrize("largest", ["v_dw", "v_charge", "weight"])
@pytest.mark.parametrize("sign", [1, -1])
def test_rest_without_leaks_goes_by_the_largest_of_the_three_voltages(largest, sign):
    """A hundred-millionth of what 0.3 V drives through R_M = 2 kΩ at 1e6 m/s per A: 150 m/s."""
    network, _ = network_and_design()
    ones = np.ones(network.devices)
    network = network.with_devices(leak=0 * ones, mobility=1e6 * ones, r_m=2000 * ones)
    volts = {"v_dw": 0.1, "v_charge": 0.2, "weight": 0.05} | {largest: sign * 0.3}
    np.testing.assert_allclose(Protocol(**volts).rest_speed(network), 150e-8)


def test_levels_may_be_lists():
    network, _ = network_and_design("lines")
    levels = [[0, 1, -1], [2, 0, 0.5], [0, -3, 0]]
    volts = Protocol(v_dw=0.02, v_charge=0.1, weight=0.05, levels=levels).net_voltages(network)  # type: ignore[arg-type]
    by_name = dict(zip(network.net_names, volts, strict=True))
    seen = [volts for name, volts in by_name.items() if name.startswith("w_")]
    assert sorted(seen) == pytest.approx([-0.15, -0.05, 0, 0.025, 0.05, 0.1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": np.array([1, 0])}, "start must be 3 bits"),
        ({"start": np.array([1, 0, 2])}, "start must be 3 bits"),
        ({"initial": np.zeros(8)}, "initial must be 9 fractions of L"),
        ({"initial": np.full(9, 1.5)}, "initial must be 9 fractions of L"),
        ({"v_dw": np.nan}, "v_dw is nan"),
        ({"weight": np.inf}, "weight is inf"),
        ({"levels": np.full((3, 3), np.nan)}, "levels must be finite"),
        ({"time_limit": 0.0}, "time_limit is 0 s, allowed above 0 to 1 s"),
        ({"load": -1e-9}, "load is -1e-09"),
        ({"rails_while_loading": "open"}, "rails_while_loading is 'open', allowed 'floating' or 'grounded'"),
    ],
)
def test_bad_protocols_are_named(changes, message):
    network, design = network_and_design("lines")
    protocol = protocol_for(design, design.load_process(), **({"levels": np.zeros((3, 3))} | changes))
    with pytest.raises(InputError, match=message):
        sim.run(network, protocol)


def test_somas_are_read_at_5_and_95_percent_of_their_own_track():
    """The authors' programs: below 5 % of L is 0, above 95 % is 1, anything between is undecided."""
    network, _ = network_and_design()
    network = network.with_devices(length=np.where(network.post == 1, 2e-7, 1e-7))
    for shares, bits in (
        ((0.0, 0.0499, 0.0501), (0, 0, -1)), ((0.055, 0.5, 0.945), (-1, -1, -1)), ((0.9499, 0.9501, 1.0), (-1, 1, 1))
    ):  # fmt: skip
        wall = np.zeros(network.devices)
        wall[network.somas] = np.array(shares) * network.length[network.somas]
        assert read_out(network, wall).tolist() == list(bits)


def test_bad_calls_are_named():
    network, design = network_and_design()
    protocol = protocol_for(design, design.load_process())
    with pytest.raises(InputError, match="engine: 'fast', allowed: auto, ideal"):
        sim.run(network, protocol, engine="fast")
    with pytest.raises(InputError, match=r"engine: 'x{39}…', allowed: auto"):
        sim.run(network, protocol, engine="x" * 1000)
    with pytest.raises(InputError, match="at least one trial"):
        sim.run_batch(network, [])
    with pytest.raises(InputError, match=r"tolerance: 0\.5"):
        sim.run(network, protocol, tolerance=0.5)
    with pytest.raises(InputError, match="protocol of trial 1: start"):
        sim.run_batch(network, [protocol, protocol_for(design, design.load_process(), start=np.array([1]))])


def test_dataset_is_labelled():
    network, design = network_and_design()
    protocol = protocol_for(design, design.load_process(), start=np.array([1, 0, 1]))
    one, many = sim.run(network, protocol), sim.run_batch(network, [protocol, protocol])
    for result in (one, many):
        for name, variable in result.variables.items():
            if name not in ("source", "sink", "neuron"):
                assert variable.attrs["units"] and variable.attrs["long_name"], name
        assert {"design", "process", "engine", "spinhop_version"} <= set(result.attrs)
    assert one.event_wall.dims == one.event_device.dims == ("event",)
    assert one.track_current.dims == ("time", "device")
    assert many.state.dims == ("trial", "neuron")
    assert "time" not in many.dims
    assert list(one.source.values) == ["weight", "vdw", "load"]
    assert list(one.sink.values) == ["pillar", "track", "wire"]


def test_importing_sim_is_light():
    code = (
        "import sys, sim, sim.protocol, sim.simulate, sim.engines.reference\n"
        "print([m for m in ('gdsfactory', 'klayout', 'kfactory', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, sim; print('numpy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert bare.stdout.strip() == "False"


@pytest.mark.parametrize("rails", ["floating", "grounded"])
def test_sources_of_many_starts_are_those_of_each(rails):
    network, _ = network_and_design()
    protocol = Protocol(v_dw=1.0, v_charge=0.3, weight=0.1, rails_while_loading=rails)
    starts = np.random.default_rng(1).integers(0, 2, (6, 3))
    for start, volts in zip(starts, protocol.loading_voltages(network, starts), strict=True):
        np.testing.assert_array_equal(volts, replace(protocol, start=start).load_voltages(network))


def test_weights_that_rails_are_not_programmed_to_are_refused():
    """They were left out without a word: the opposite of the weights ended in the same state."""
    network, design = network_and_design()
    point = protocol_for(design, design.load_process(), start=np.array([1, 0, 0]))
    levels = weight_levels(design)
    plain = sim.run(network, point, record=False)
    assert plain.equals(sim.run(network, replace(point, levels=levels), record=False).assign_attrs(plain.attrs))
    with pytest.raises(InputError, match=r"^protocol: levels: -?\d from neuron \d to \d, whose rail is programmed to"):
        sim.run(network, replace(point, levels=-levels), record=False)
    with pytest.raises(InputError, match=r"^protocol of trial 1: levels has shape \(2,\), needs \(3, 3\)$"):
        sim.run_batch(network, [point, replace(point, levels=[1, 2])])
    with pytest.raises(InputError, match="levels must be numbers, found 'x'"):
        sim.run(network, replace(point, levels="x"), record=False)
