"""Public calls given something of another kind than they take: a line that names the argument."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwlib
import layouts
import sim
from hwlib.design import Design
from hwlib.device import Device
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.operating_point import v_dw_window
from hwlib.process import Process, load_process
from hwlib.schematic import ideal_network
from layouts import structures
from layouts.pdk.macro import macro_design
from sim.rules.statics import StaticCircuits
from sim.spice import write_deck
from sim.tasks import maxcut
from spinhop.reproduce import reproduce

ROOMS = ("hwlib", "sim", "layouts", "spinhop")
OURS = (
    "Network", "Design", "Process", "Device", "Path", "Parasitics", "LayoutSource", "VariationFields", "Limits",
    "StaticCircuits", "StoredResults",
)  # fmt: skip
DESIGN = Design(name="small", network={"neurons": 3})
PROCESS = load_process("ebeam")
NETWORK = ideal_network(DESIGN, PROCESS)
POINT = sim.protocol_for(DESIGN, PROCESS)
FOUND = hwlib.Finding("drc", "m1.space", "too near")
OTHER = ideal_network(DESIGN, PROCESS)
OF_RULES = (NETWORK, POINT, DESIGN.device, PROCESS)


class Untold:
    """What ends in an error when it is to tell what it is."""

    def __repr__(self) -> str:
        raise RuntimeError


def _arguments() -> list[tuple[str, str]]:
    """Public calls and those of their arguments that are objects of ours, paths, or yes or no."""
    found = []
    for room in ROOMS:
        module = importlib.import_module(room)
        calls = {name: call for name in dir(module) if inspect.isfunction(call := getattr(module, name))}
        found += [
            (f"{room}.{name}", each.name)
            for name, call in calls.items()
            for each in inspect.signature(call).parameters.values()
            if set(str(each.annotation).split(" | ")) & {*OURS, "bool"}
        ]
    return found


@pytest.mark.parametrize(("call", "name"), _arguments())
def test_each_is_refused_by_name(call: str, name: str) -> None:
    room, _, function = call.partition(".")
    with pytest.raises(InputError, match=rf"^{name}: <object object at 0x\w+>, allowed: "):
        getattr(importlib.import_module(room), function)(**{name: object()})


def test_there_are_many_and_places_count_too() -> None:
    assert len(_arguments()) > 100
    with pytest.raises(InputError, match=r"^process: 'ebeam', allowed: a Process$"):
        ideal_network(DESIGN, "ebeam")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^record: 1, allowed: True or False$"):
        sim.run(NETWORK, POINT, record=1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^checkpoint: 3, allowed: a text, a path, None$"):
        sim.run_batch(NETWORK, [POINT], checkpoint=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sim.protocol_for(DESIGN, PROCESS, foo=1), "^foo: no field of a Protocol; allowed: v_dw, v_charge, "),
        (lambda: sim.protocol_on(NETWORK, DESIGN, PROCESS, foo=1), "^foo: no field of a Protocol; allowed: v_dw, "),
        (lambda: NETWORK.with_dynamics("foo"), "^model: 'foo' is not known, allowed: kinematic, collective$"),
        (lambda: NETWORK.with_dynamics([]), "^model: list of 0 is not known, "),  # type: ignore[arg-type]
        (lambda: NETWORK.with_wires(1j * np.ones(3)), "^network: resistor_ohm is array"),
        (lambda: NETWORK.with_wires(10**400), "^network: resistor_ohm is a whole number of 1329 bits"),  # type: ignore[arg-type]
        (lambda: v_dw_window(10**400, 1, 1, 1, 1), "^neurons: a whole number of 1329 bits, allowed 1 to 1000000000$"),
        (lambda: sim.check_operating_point(*OF_RULES, starts=[3, 1]), r"^starts: shape \(2,\), needs rows of 3 bits$"),
        (lambda: sim.check_operating_point(*OF_RULES, patterns=[[0, 2, 1]]), "^patterns: 2 in it, needs rows of 3 "),
        (lambda: sim.check_operating_point(*OF_RULES, starts=[[math.nan] * 3]), "^starts: nan in it, needs rows of 3 "),
        (lambda: sim.check_operating_point(*OF_RULES, waivers=3), "^waivers: 3, allowed: a mapping, None$"),
        (lambda: sim.run_batch(NETWORK, np.array(None)), r"^protocols: array\(None, .*, allowed: a list$"),  # type: ignore[arg-type]
        (lambda: sim.run_batch(NETWORK, [POINT, 3]), r"^protocols\[1\]: 3, allowed: a Protocol$"),  # type: ignore[list-item]
        (lambda: hwlib.write_findings("foo", "f.json"), "^findings: 'foo', allowed: a list$"),
        (lambda: hwlib.write_findings(["foo"], "f.json"), r"^findings\[0\]: 'foo', allowed: a Finding$"),
        (lambda: hwlib.write_findings(iter([FOUND, 1]), "f.json"), r"^findings\[1\]: 1, allowed: a Finding$"),
        (lambda: hwlib.write_findings({"foo"}, "f.json"), r"^findings\[0\]: 'foo', allowed: a Finding$"),
        (lambda: write_deck(NETWORK, 3, "a.cir"), "^protocol: 3, allowed: a Protocol$"),  # type: ignore[arg-type]
        (lambda: write_deck(NETWORK, replace(POINT, v_dw=math.nan), "a.cir"), "^protocol: v_dw is nan, must be finite"),
        (lambda: write_deck(NETWORK, POINT, "a.cir", duration=[1]), "^spice: duration: list of 1 is not a quantity"),  # type: ignore[arg-type]
        (lambda: write_deck(NETWORK, POINT, "a.cir", max_step=0), "^spice: max_step: 0, must be positive and finite$"),
        (lambda: sim.spice.simulate(3, POINT), "^network: 3, allowed: a Network$"),  # type: ignore[arg-type]
        (lambda: sim.spice.dialect_of([]), "^name: list of 0, allowed: a text$"),  # type: ignore[arg-type]
        (lambda: reproduce(3), "^folder: 3, allowed: a text, a path$"),  # type: ignore[arg-type]
        (lambda: structures.straight_wire(length="5 nm"), "^straight_wire: length: '5 nm', allowed: a number up to 1"),
        (lambda: structures.straight_wire(length=math.nan), "^straight_wire: length: nan, allowed: a number up to 1"),
        (lambda: structures.ladder(taps=90_000, pitch=9e4), r"^length in µm: 8100090000.0, allowed 0 to 100000$"),
        (lambda: structures.ladder(taps=1.5), "^ladder: taps: 1.5, allowed: a whole number$"),
        (lambda: structures.via_chain(links="ten"), "^via_chain: links: 'ten', allowed: a whole number$"),
        (lambda: macro_design(track_length="5 nm"), "^length in µm: '5 nm' is no number"),  # type: ignore[arg-type]
        (lambda: macro_design(patterns=3), "^patterns: 3, allowed: a text$"),  # type: ignore[arg-type]
        (lambda: sim.check_operating_point(*OF_RULES, waivers={1: "two"}), "^waivers: 1, allowed: names of rules$"),
        (lambda: sim.run(NETWORK, replace(POINT, rails_while_loading=np.zeros(3))),
         "^protocol: rails_while_loading is array"),  # type: ignore[arg-type]
        (lambda: sim.run(NETWORK, POINT, engine=Untold()), "^engine: a Untold, allowed: a text$"),  # type: ignore[arg-type]
        (lambda: sim.operating_point_report(OTHER, *OF_RULES[1:], circuits=StaticCircuits(NETWORK)), "^circuits: of"),
        (lambda: layouts.render("a.gds", "a.png", PROCESS, marks=3), "^marks: 3, allowed: a list$"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_values_that_are_none(call: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # what were not refused would be written there
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert len(str(caught.value)) <= LONGEST_LINE


def test_trials_end_within_a_second_of_the_networks_time() -> None:
    for name, wrong in product(("time_limit", "load"), (1e9, 0.0, -1.0, float("nan"), float("inf"))):
        said = re.escape(f"protocol: {name} is {wrong:g} s, allowed ")
        with pytest.raises(InputError, match=rf"^{said}('rest', or )?above 0 to 1 s$"):
            sim.run(NETWORK, sim.protocol_for(DESIGN, PROCESS, **{name: wrong}))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("leak", np.full(9, math.nan)), ("r_p", np.full(9, -1.0)), ("r_m", np.zeros(9)), ("length", [1e-7] * 9),
        ("pre", np.full(9, 99)), ("pre", np.zeros(9)), ("mobility", np.full(9, math.inf)), ("pin_node", np.array(0)),
        ("area", None), ("dynamics", "collective"), ("neurons", "3"), ("net_names", "gnd"),
    ],
)  # fmt: skip
def test_networks_of_impossible_arrays_are_refused_before_a_trial(name: str, values: Any) -> None:
    """NaN as leaks and track resistances of 0 gave results, and a negative R_P no end."""
    wrong = replace(NETWORK, **{name: values})
    for call in (lambda: sim.run(wrong, POINT), lambda: sim.check_operating_point(wrong, *OF_RULES[1:])):
        with pytest.raises(InputError, match=f"^network: {name} is wrong"):
            call()


@pytest.mark.parametrize(
    ("model", "fields", "lines"),
    [
        (Design, {"name": "x", "network": {"neuron": 3}},
         "Design: network.neuron: unknown key, did you mean 'neurons'?"),
        (Design, {}, "Design: name: missing"),
        (Design, {"name": "x", "network": 3}, "Design: network: must be a mapping, found 3"),
        (Design, {"name": "x", "device": {"track_length": "1 s"}},
         "Design: device.track_length: '1 s' is not a quantity in m; write for example '1 nm'"),
        (Device, {"tmr": -1, "pilar_width": 1},
         "Device: pilar_width: unknown key, did you mean 'pillar_width'?\n"
         "Device: tmr: must be at least 0.001 and at most 50, found -1"),
        (Process, {"name": "a", "description": "b", "layers": {}}, "Process: permittivity: missing"),
    ],
)  # fmt: skip
def test_models_made_in_python_say_what_files_do(model: Any, fields: dict[str, Any], lines: str) -> None:
    with pytest.raises(InputError) as caught:
        model(**fields)
    assert str(caught.value) == lines


def test_models_take_no_fields_by_place_and_no_end_of_nesting() -> None:
    with pytest.raises(InputError, match=r"^Design: 'x', fields are given by their names$"):
        Design("x")  # type: ignore[misc]
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InputError, match=r"^Design: network\.weights\.matrix\.0\.0: "):
        Design(name="x", network={"weights": {"matrix": endless}})


def _masked(values: Any) -> np.ma.MaskedArray[Any, Any]:
    """The first value is masked."""
    array = np.asarray(values)
    return np.ma.masked_array(array, np.arange(array.size).reshape(array.shape) == 0)


LEVELS = np.ones((3, 3)) - np.eye(3)
TRIAL = replace(POINT, levels=LEVELS, start=np.array([0, 1, 1]))
RING = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: NETWORK.with_devices(r_p=_masked(NETWORK.r_p)), "^network: r_p: 1 of 9 values are masked; fill them"),
        (lambda: NETWORK.with_dynamics("kinematic", damping=_masked(np.full(9, 0.1))), "^network: damping: 1 of 9 "),
        (lambda: replace(NETWORK, r_p=_masked(NETWORK.r_p)).validate(), "^network: r_p is wrong .*masked"),
        (lambda: sim.run(replace(NETWORK, leak=_masked(NETWORK.leak)), TRIAL), "^network: leak is wrong .*masked"),
        (lambda: sim.run(NETWORK, replace(TRIAL, start=_masked([0, 1, 1]))), "^protocol: start must be 3 bits, found "),
        (lambda: sim.run(NETWORK, replace(TRIAL, levels=_masked(LEVELS))), "^protocol: levels must be numbers, found "),
        (lambda: sim.run(NETWORK, replace(TRIAL, initial=_masked(np.zeros(9)))), "^protocol: initial must be 9 fract"),
        (lambda: sim.protocol_for(DESIGN, PROCESS, levels=_masked(LEVELS)), "^levels: 1 of 9 values are masked"),
        (lambda: sim.v_dw_on(NETWORK, DESIGN, PROCESS, levels=_masked(LEVELS)), "^levels: 1 of 9 values are masked"),
        (lambda: sim.solve_crossbar(_masked(LEVELS), 1.0, 1.0), "^device_siemens: 1 of 9 values are masked"),
        (lambda: hwlib.hebbian(_masked([0, 1, 1])), "^patterns: 1 of 3 values are masked"),
        (lambda: maxcut.solve([_masked(RING)]), "^graph: 1 of 9 values are masked"),
    ],
)
def test_masks_are_refused(call, said):
    """NumPy takes what is below a mask: values that somebody had marked as wrong."""
    with pytest.raises(InputError, match=said):
        call()


def test_an_array_of_which_nothing_is_masked_is_taken():
    start = np.array([0, 1, 1])
    bare = sim.run(NETWORK, replace(POINT, start=start), record=False)
    mask = replace(POINT, start=np.ma.masked_array(start, False))
    assert np.array_equal(sim.run(NETWORK, mask, record=False).wall_final, bare.wall_final)
