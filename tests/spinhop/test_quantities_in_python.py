"""Quantities that Python callers give: numbers in SI or texts with units; what is wrong is refused in a line."""

from __future__ import annotations

import importlib
import inspect
import math
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import BaseModel

import sim
from hwlib.design import Design
from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.operating_point import v_dw_window
from hwlib.process import Process
from hwlib.quantities import array_in_si, in_si, parse_quantity
from hwlib.schematic import ideal_network, ladder_network
from hwlib.units import Quantity
from sim.protocol import Protocol
from sim.rules import Limits
from sim.spice import write_deck
from sim.tasks.kicked_search import kicked_search
from sim.thermal.thermal_noise import ThermalNoise
from spinhop.study.sampling import axes_of_study
from spinhop.study.study_fields import StudyFields, load_study

ROOMS = ("hwlib", "sim", "layouts", "spinhop", "sim.spice", "sim.rules")
DESIGN = Design(name="small", network={"neurons": 3})
PROCESS = DESIGN.load_process()
POINT: dict[str, Any] = {"v_dw": 0.03, "v_charge": 0.1, "weight": 0.1}
WINDOW: dict[str, Any] = {"i_leak": 1.0, "r_p": 1.0, "r_ap": 1.0, "r_m": 1.0}
# Public callable: its arguments that are quantities, a right one of each with its SI value, and a call with it.
QUANTITIES: dict[str, dict[str, tuple[str, float]]] = {
    "hwlib.ladder_network": {"ohm_per_cell": ("2 ohm", 2.0)},
    "hwlib.v_dw_window": {"i_leak": ("1.2 uA", 1.2e-6), "r_p": ("500 ohm", 500.0), "r_ap": ("2 kohm", 2000.0),
                          "r_m": ("1 kohm", 1000.0)},
    "sim.Protocol": {"v_dw": ("88 mV", 0.088), "v_charge": ("0.1 V", 0.1), "weight": ("100 mV", 0.1),
                     "load": ("16 ns", 16e-9), "time_limit": ("2 us", 2e-6)},
    "sim.first_trial": {"v_dw": ("30 mV", 0.03)},
    "sim.walls_at": {"time": ("10 ns", 10e-9)},
    "sim.solve_crossbar": {"device_siemens": ("", 0.0), "word_ohm": ("2 ohm", 2.0), "bit_ohm": ("0.5 ohm", 0.5),
                           "left": ("100 mV", 0.1), "right": ("1 V", 1.0), "top": ("1 V", 1.0), "bottom": ("0 V", 0.0)},
    "sim.spice.simulate": {name: ("16 ns", 16e-9) for name in ("load_time", "duration", "max_step")},
    "sim.spice.write_deck": {name: ("16 ns", 16e-9) for name in ("load_time", "duration", "max_step")},
    "spinhop.characterise": {"v_dw": ("40 mV", 0.04), "temperatures": ("300 K", 300.0)},
    "sim.rules.Limits": {"temperature_rise": ("20 K", 20.0), "thermal_conductivity": ("148 W/m/K", 148.0)},
}  # fmt: skip
# Arguments with numbers that are none: shares, counts, weights, arrays of bits, what is returned rather than given.
PLAIN = {
    "tolerance", "precision", "ir_drop", "rc_fraction", "inches", "timeout", "levels", "start", "initial", "net_levels",
    "patterns", "starts", "states", "devices", "notes", "rails_while_loading", "as_good", "supplies",
}  # fmt: skip
RETURNED = {"Network", "Finding", "Outcome", "Place", "RestStates", "Deck", "SpiceRun", "OperatingPointReport"}


def public() -> dict[str, Callable[..., Any]]:
    """Callables by name, of the lists of public names; pydantic models apart."""
    found = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", dir(module)):
            each = getattr(module, name)
            ours = getattr(each, "__module__", "").partition(".")[0] in ("hwlib", "sim", "layouts", "spinhop")
            if callable(each) and ours and not (inspect.isclass(each) and issubclass(each, BaseModel)):
                found[f"{room}.{name}"] = each
    return found


def test_every_public_argument_with_numbers_is_known():
    """A new one must be said to be a quantity here, or none."""
    unknown = []
    for path, each in public().items():
        if path.rpartition(".")[2] in RETURNED or not hasattr(each, "__doc__"):
            continue
        try:
            arguments = inspect.signature(each).parameters.values()
        except ValueError:
            continue
        for argument in arguments:
            numbers = any(word in str(argument.annotation) for word in ("float", "ndarray"))
            if numbers and argument.name not in PLAIN and argument.name not in QUANTITIES.get(path, {}):
                unknown.append(f"{path}: {argument.name}")
    assert unknown == []


def test_a_text_is_the_number_that_it_means():
    assert ladder_network(DESIGN, PROCESS, "2 ohm").resistor_ohm.tolist() == [2.0] * 12
    assert v_dw_window(3, "1.2 uA", "500 ohm", "2 kohm", "1 kohm") == v_dw_window(3, 1.2e-6, 500.0, 2000.0, 1000.0)
    assert v_dw_window(3, **WINDOW) == (3.0, 3.0), "R_AP may be R_P"
    given = {name: text for name, (text, _) in QUANTITIES["sim.Protocol"].items()}
    assert Protocol(**given) == Protocol(**{name: value for name, (_, value) in QUANTITIES["sim.Protocol"].items()})
    assert Protocol(**POINT, load="rest").load == "rest"
    assert ThermalNoise("300 K", increment="2 ps") == ThermalNoise(300.0, increment=2e-12)
    assert Limits(temperature_rise="20 K", thermal_conductivity="148 W/m/K") == Limits(temperature_rise=20.0)
    siemens = np.full((2, 3), 1e-3)
    one = sim.solve_crossbar(siemens, "2 ohm", "0.5 ohm", left=["100 mV", "50 mV"])
    other = sim.solve_crossbar(siemens, 2.0, 0.5, left=[0.1, 0.05])
    np.testing.assert_array_equal(one.device_current, other.device_current)
    network = ideal_network(DESIGN, PROCESS)
    assert sim.first_trial(network, DESIGN, PROCESS, v_dw="30 mV").v_dw == 0.03
    assert sim.protocol_on(network, DESIGN, PROCESS, v_dw="30 mV", time_limit="1 us").time_limit == 1e-6
    np.testing.assert_allclose(array_in_si([["1 ns", "2 ns"]], "s", "time"), [[1e-9, 2e-9]], rtol=1e-15)


def test_a_deck_takes_times_as_texts(tmp_path):
    network = ideal_network(DESIGN, PROCESS)
    protocol = Protocol(**POINT, start=np.array([1, 0, 1]))
    deck = write_deck(network, protocol, tmp_path / "a.cir", load_time="16 ns", duration="50 ns", max_step="0.1 ns")
    assert (deck.load_time, deck.max_step) == pytest.approx((16e-9, 1e-10)) and deck.stop_time == pytest.approx(66e-9)


@pytest.mark.parametrize("wrong", ["88 nm^2", "1e400 V", "88", "much"])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: ladder_network(DESIGN, PROCESS, x), "ohm_per_cell"),
        *((lambda x, name=name: v_dw_window(3, **WINDOW | {name: x}), name) for name in WINDOW),
        *((lambda x, name=name: Protocol(**POINT | {name: x}), name) for name in QUANTITIES["sim.Protocol"]),
        (lambda x: ThermalNoise(x), "temperature"), (lambda x: ThermalNoise(300.0, increment=x), "increment"),
        (lambda x: Limits(temperature_rise=x), "temperature_rise"),
        (lambda x: sim.solve_crossbar(np.ones((2, 2)), x, 1.0, left=1.0), "word_ohm"),
        (lambda x: sim.solve_crossbar(np.ones((2, 2)), 1.0, 1.0, left=x), "left"),
        (lambda x: sim.walls_at(xr.Dataset(), x), "time"),
        (lambda x: write_deck(ideal_network(DESIGN, PROCESS), Protocol(**POINT), "a.cir", duration=x), "duration"),
        (lambda x: kicked_search(ideal_network(DESIGN, PROCESS), Protocol(**POINT), [0], [np.zeros((3, 3))],
                                 read_after=x, time=1.0, seed=1, flips=None), "read_after"),
    ],
)  # fmt: skip
def test_a_wrong_text_is_refused_by_name(call, name, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what were not refused would be written there
    with pytest.raises(InputError) as error:
        call(wrong)
    line = str(error.value)
    assert name in line and "\n" not in line and len(line) <= 200


def test_wrong_numbers_are_refused():
    for value in (math.inf, math.nan, -1.0, True, None, [1.0], 10**400):
        with pytest.raises(InputError, match="ohm_per_cell: "):
            ladder_network(DESIGN, PROCESS, value)
    for name in WINDOW:
        with pytest.raises(InputError, match=f"^{name}: "):
            v_dw_window(3, **WINDOW | {name: -1.0})
    assert in_si(0, "V", "x") == 0 and in_si(np.float32(0.5), "V", "x", sign="positive") == 0.5
    with pytest.raises(InputError, match="must be positive and finite"):
        in_si("0 V", "V", "x", sign="positive")
    with pytest.raises(InputError, match="time"):
        array_in_si([True], "s", "time")


def quantities_of(model: type[BaseModel], seen: set[type]) -> list[tuple[type[BaseModel], str, Quantity]]:
    """Fields of a model and of those within it that are quantities."""
    found = []
    seen.add(model)
    for name, field in model.model_fields.items():
        stack = [*field.metadata, field.annotation]
        while stack:
            part = stack.pop()
            if isinstance(part, Quantity):
                found.append((model, name, part))
            elif inspect.isclass(part) and issubclass(part, BaseModel) and part not in seen:
                found += quantities_of(part, seen)
            stack += [*getattr(part, "__metadata__", ()), *typing.get_args(part)]
    return found


def test_every_model_takes_both():
    """Design and process, with all that is in them: the text of a bound, or of a value between, is read as that."""
    fields = quantities_of(Design, set()) + quantities_of(Process, set())
    assert len(fields) > 60 and {Device, type(DESIGN.operating_point)} <= {model for model, _, _ in fields}
    for _, _, quantity in fields:
        for value in (quantity.low, quantity.high, quantity.low + (quantity.high - quantity.low) / 3):
            if math.isfinite(value) and (value == 0 or abs(value) >= quantity.smallest):
                text = quantity.write(value)
                assert parse_quantity(text, quantity.unit) == pytest.approx(value, rel=1e-11)
    device = Device(resistance_area="0.5 Ohm um^2", track_length="100 nm")
    assert (device.resistance_area, device.track_length) == pytest.approx((0.5e-12, 1e-7), rel=1e-15)


def test_a_study_made_in_python_takes_both_and_a_file_needs_units(tmp_path):
    (tmp_path / "small.yaml").write_text("name: small\nnetwork: {neurons: 3}\n")
    axes = {"operating_point.weight": (0.08, "90 mV"), "network.drive_width": (5e-8, "100 nm")}
    study = StudyFields(name="some", design="small.yaml", axes=axes)
    weight, width = axes_of_study(study, DESIGN, "study")
    assert weight.values == (0.08, 0.09) and weight.unit == "V"
    assert width.values == pytest.approx((5e-8, 1e-7), rel=1e-15)
    path = tmp_path / "study.yaml"
    path.write_text("name: some\ndesign: small.yaml\naxes: {operating_point.weight: [0.08]}\n")
    with pytest.raises(InputError, match="has no unit"):
        axes_of_study(load_study(path), DESIGN, str(path))
