"""Tapers and vias by currents: clean in every combination, widths where the design says, resistance as by hand."""

import os
from itertools import product

import klayout.db as kdb
import numpy as np
import pytest

import layouts
import sim
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.extraction import extract
from hwlib.operating_point import nominal_track
from hwlib.process import load_process, preset_names
from layouts.floorplan import floorplan
from layouts.tile_currents import tile_currents
from tests.layouts.test_crossbar_geometry import flat_regions, violations
from tests.support.fitting import ESTIMATES, fitting_device
from tests.support.refused_designs import assert_network_refused
from tests.support.resistances import between

FULL = bool(os.environ.get("SPINHOP_FULL"))
WIRES = ("drive", "ground", "dendrite", "weight", "vdw")


def design(process="ebeam", neurons=4, **network):
    return Design(name="tapered", process=process, seed=2, device=fitting_device(process),
                  network={"neurons": neurons, **network})  # fmt: skip


def random_network(process, rng):
    """Widths, tapers, straps and vias of some wires."""
    small = process in ESTIMATES
    style = rng.choice(["rails", "lines"])
    vias = {"size": rng.choice(["one", "currents"]), "scale": float(rng.choice([1, 2, 4]))}
    placement = rng.choice(["diagonal", "centred"])
    network = {"weight_style": style, "soma_placement": placement, "tapers": {}, "straps": {}, "tile_vias": vias}
    for wire in WIRES[: 5 if style == "rails" else 3]:
        if rng.random() < 0.6:
            wide = rng.integers(120, 400) if small else 5 * rng.integers(200, 500)
            network[f"{wire}_width"] = wide * 1e-9
            narrow = max(64, round(wide * rng.uniform(0.3, 0.9))) if small else 5 * rng.integers(76, 190)
            network["tapers"][wire] = {"narrow": narrow * 1e-9, "steps": int(rng.integers(2, 8))}
        if rng.random() < 0.3:
            metal = "m4" if wire in ("drive", "ground") else "m5"
            network["straps"][wire] = {"metal": metal, "pitch": int(rng.integers(1, 4))}
    return network


@pytest.mark.parametrize("k", range(120 if FULL else 6))
def test_tapered_layouts_are_clean(k, tmp_path):
    process, rng = preset_names()[k % 6], np.random.default_rng(k)
    drawn, p = design(process, int(rng.integers(2, 8)), **random_network(process, rng)), load_process(process)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    path = layouts.write_layout(component, tmp_path / "tapered.oas")
    assert drc(path, p) == lvs(path, p, drawn) == []


def cut_widths(component, p, metal, at, upright):
    """Width in nm of the wire of a metal through each point."""
    region, found = flat_regions(component, p)[metal], []
    for x, y in at:
        slit = kdb.Box(x - 2000, y, x + 2000, y + 1) if upright else kdb.Box(x, y - 2000, x + 1, y + 2000)
        box = (kdb.Region(slit) & region).interacting(kdb.Region(kdb.Box(x, y, x + 1, y + 1))).bbox()
        found.append(box.width() if upright else box.height())
    return found


def test_widths_fall_as_the_taps_beyond_do(tmp_path):
    """Six neurons, three widths. By hand: the share of the taps from here on in those of the longest arm."""
    p = load_process("ebeam")
    wide = {"dendrite_width": 200e-9, "vdw_width": 160e-9, "drive_width": 120e-9}
    tapers = {"dendrite": {"narrow": 100e-9, "steps": 3}, "vdw": {"narrow": 60e-9, "steps": 3},
              "drive": {"narrow": 60e-9, "steps": 2}}  # fmt: skip
    drawn = design(neurons=6, soma_places=(0, 2, 2, 3, 3, 5), feeds={"vdw": "east"}, tapers=tapers, **wide)
    component = layouts.hopfield(drawn)
    plan = floorplan(drawn)
    (x0, y0), t = plan.origin, plan.tile
    rows, half = {"dendrite": t.dendrite, "vdw": t.vdw}, t.px // 2
    at = {
        k: [(x0 + j * t.px + half, y0 + i * t.py + sum(rows[k]) // 2) for i in (0, 2) for j in range(6)] for k in rows
    }
    # Row 0: the soma joins at 0, five taps beyond. Row 2: at column 2, two taps to the left, three to the right.
    assert cut_widths(component, p, "m3", at["dendrite"], False) == [
        200, 200, 200, 150, 150, 100,
        100, 150, 200, 200, 150, 100]  # fmt: skip
    assert cut_widths(component, p, "m3", at["vdw"][:6], False) == [60, 60, 110, 110, 160, 160]
    x = x0 + t.origin[0] + sum(t.drive) // 2
    column = [(x, y0 + i * t.py + t.py // 2) for i in range(6)]  # joined at row 0
    assert cut_widths(component, p, "m2", column, True) == [120, 120, 120, 120, 60, 60]


def test_a_tapered_wire_is_its_squares(tmp_path):
    """Between two taps: place by place, and nearly ρ·L·ln(w₁/w₂)/(w₁ − w₂), as of a wire without steps."""
    p, n, steps, wide, narrow = load_process("copper"), 26, 12, 208, 32
    drawn = design("copper", n, dendrite_width=wide * 1e-9,
                   tapers={"dendrite": {"narrow": narrow * 1e-9, "steps": steps}})  # fmt: skip
    network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "long.oas"), p, drawn)
    mine = (network.post == 0) & (network.pre > 0)  # the soma stands in column 0: one arm of 25 taps
    order = np.argsort(network.pre[mine])
    taps, at = network.terminals[mine][order, 3], network.device_x[mine][order] * 1e9
    first, last = 3, 21
    ends = between(network, taps[[first, first + 1, last]])  # each with the same way from its tap to the row
    sheet, pitch = p.layers["m3"].sheet_resistance, at[1] - at[0]
    level = np.minimum(steps * np.arange(n - 1) // (n - 1), steps - 1)
    width = wide - np.round(level * (wide - narrow) / (steps - 1))
    # A step lies one width of the next tile before that begins, or two fifths of a tile.
    x = np.arange(at[first + 1], at[last]) + 0.5 - floorplan(drawn).origin[0] - pitch  # from the first tap's tile on
    tile = np.floor(x / pitch).astype(int)
    after = width[tile + 1]
    squares = (1 / np.where(pitch * (tile + 1) - x < np.minimum(after, 2 * pitch // 5), after, width[tile])).sum()
    assert ends[0, 2] - ends[0, 1] == pytest.approx(sheet * squares, rel=0.01)
    w1, w2 = width[first + 1], width[last]
    smooth = (last - first - 1) * pitch * np.log(w1 / w2) / (w1 - w2)
    assert squares == pytest.approx(smooth, rel=0.03)  # its steps are 16 nm


def by_currents(size, scale=1.0, **network):
    return design("copper", 8, soma_placement="centred", trunks={"size": "currents", "scale": 5},
                  tile_vias={"size": size, "scale": scale}, **network)  # fmt: skip


def test_vias_of_devices_keep_the_limits_of_currents(tmp_path):
    """The rule of v2, broken with one via at each joint, holds with what the currents ask; no other is broken."""
    p, found = load_process("copper"), {}
    for size in ("one", "currents"):
        drawn = by_currents(size, dendrite_width=100e-9)
        network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / f"{size}.oas"), p, drawn)
        outcomes = {x.rule: x for x in sim.judge(network, drawn, p).outcomes}
        found[size] = {name: x.margin for name, x in outcomes.items() if name in ("current.v1", "current.v2")}
    assert found["one"]["current.v2"] < 0
    assert min(found["currents"].values()) > 0


def test_as_many_vias_as_the_largest_current_needs():
    """By hand: loading with floating rails, an axon sees 2·(7/8)·V_C over R_P: 350 µA, 173 µA a via of 24 nm."""
    p, n = load_process("copper"), 8
    plan = floorplan(by_currents("currents"))
    limit = 3e11 * 24e-9**2
    assert p.layers["v2"].max_current_density == 3e11 and p.layers["v2"].size == pytest.approx(24e-9)
    vias = np.ceil(2 * 7 / 8 * 0.1 / 500 / limit)
    assert len(plan.tile.dendrite_v2.boxes) == len(plan.tile.track_v2[0].boxes) == vias == 3
    assert len(floorplan(by_currents("one")).tile.dendrite_v2.boxes) == 1
    # Grounded rails while loading leave what other weights do: in row 0 six axons at +W against one at −W.
    levels = np.ones((n, n)) - np.eye(n)
    levels[:, 0] = [0, *[-1] * 7]
    levels[0, 1] = -1
    drawn = by_currents("currents", weights={"matrix": levels.tolist()})
    drawn = drawn.model_copy(update={"operating_point": drawn.operating_point.model_copy(
        update={"rails_while_loading": "grounded"})})  # fmt: skip
    g_p = 1 / 500
    dendrite = 0.1 * (6 - 1) * g_p / (7 * g_p + 1 / 2000)  # one axon ON at −W against six ON at +W
    assert tile_currents(drawn, p).axon == pytest.approx((0.1 + dendrite) * g_p, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_largest_current_of_an_axon_is_that_of_all_states(seed):
    """Rows of weights of many sizes in every state of their axons: whose pull adds is no matter of its sign."""
    rng, n = np.random.default_rng(seed), 7
    levels = np.round(rng.normal(size=(n, n)) ** 3, 4) * (1 - np.eye(n))
    drawn = design("copper", n, weight_style="lines", weights={"matrix": levels.tolist()})
    point = drawn.operating_point.model_copy(update={"rails_while_loading": "grounded", "v_charge": 1e-3})
    drawn = drawn.model_copy(update={"operating_point": point})
    p = load_process("copper")
    r_m = nominal_track(drawn, p)[1]
    states = np.array(list(product([1 / drawn.device.r_p, 1 / drawn.device.r_ap], repeat=n - 1)))
    most = 0.0
    for row in range(n):
        volts = point.weight * np.delete(levels[row], row)
        dendrite = states @ volts / (states.sum(axis=1) + 1 / r_m)
        most = max(most, np.abs(states * (volts - dendrite[:, None])).max())
    assert tile_currents(drawn, p).axon == pytest.approx(most, rel=1e-12)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"tapers": {"drive": {"narrow": "60 nm"}}}, "tapers.drive: give drive_width, its widest"),
        ({"drive_width": "60 nm", "tapers": {"drive": {"narrow": "60 nm"}}}, "tapers.drive.narrow: 60 nm"),
        ({"vdw_width": "90 nm", "tapers": {"vdw": {"narrow": "60 nm", "steps": 1}}}, "steps"),
        ({"vdw_width": "90 nm", "tapers": {"vdw": {"narrow": "60 nm", "steps": 17}}}, "steps"),
        ({"vdw_width": "90 nm", "tapers": {"vdw": {}}}, "narrow"),
        ({"tapers": {"rail": {"narrow": "60 nm"}}}, "rail"),
        ({"weight_width": "90 nm", "tapers": {"weight": {"narrow": "60 nm"}}, "weight_style": "lines"}, "no wires"),
        ({"tile_vias": {"size": "many"}}, "tile_vias.size"),
        ({"tile_vias": {"scale": 0}}, "tile_vias.scale"),
    ],
)
def test_bad_tapers_are_refused(network, words, tmp_path):
    assert_network_refused(network, words, tmp_path)


@pytest.mark.parametrize(
    ("network", "point", "words"),
    [
        ({"drive_width": 90e-9, "tapers": {"drive": {"narrow": 20e-9}}}, {}, ("tapers.drive.narrow", "m2.width")),
        ({"tile_vias": {"size": "currents"}}, {"v_dw": 900.0}, ("network.tile_vias", "a soma", "allowed: 32")),
    ],
)
def test_what_cannot_be_drawn(network, point, words):
    drawn = Design(name="odd", process="copper", network={"neurons": 4, **network}, operating_point=point)
    with pytest.raises(InputError) as error:
        layouts.hopfield(drawn)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert len(str(error.value)) <= LONGEST_LINE
