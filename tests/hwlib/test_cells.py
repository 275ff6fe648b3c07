"""Parametric cells: what they draw, measured on their polygons, and what they refuse."""

import inspect

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.devices import dw_mtj, dw_track, mtj_pillar
from hwlib.cells.draw import dbu_per_step
from hwlib.cells.named_tiles import axon, neuron, soma, synapse
from hwlib.cells.passives import pad, via_stack
from hwlib.cells.route_pieces import wire_step
from hwlib.cells.rules import process_key, rules_of
from hwlib.cells.shapes import Box, via_grid
from hwlib.cells.tile_dimensions import TileSpec, tile_of
from hwlib.cells.tile_shapes import Wiring
from hwlib.cells.tiles import axon_tile, soma_tile
from hwlib.errors import InputError
from hwlib.process import Extension, Overlap, load_process, preset_names
from layouts.pdk import make_pdk
from layouts.structures import corner, ladder, straight_wire, via_chain
from tests.support.fitting import ESTIMATES, fitting_device


def region(component, process, layer):
    number = load_process(process).layers[layer].gds
    return kdb.Region(component.kdb_cell.begin_shapes_rec(component.kcl.layer(*number))).merged()


@pytest.mark.parametrize("process", preset_names())
def test_the_device_is_as_long_and_wide_as_asked(process):
    device = dw_mtj(process=process, track_length=1.2, track_width=0.07, pillar_width=0.04, pillar_position=0.5)
    contacts = sorted((p.bbox() for p in region(device, process, "vt").each()), key=lambda b: b.left)
    pillar = region(device, process, "pillar").bbox()
    assert contacts[1].left - contacts[0].right == 1200
    assert region(device, process, "track").bbox().height() == pillar.height() == 70
    assert (pillar.width(), (pillar.left + pillar.right) / 2 - contacts[0].right) == (40, 600)
    pin = region(device, process, "pin")
    assert (region(device, process, "vt") & pin).area() == contacts[0].area()
    assert (pin & region(device, process, "pillar")).is_empty()


@pytest.mark.parametrize("process", preset_names())
def test_parts_of_the_device_agree_with_the_whole(process):
    length = fitting_device(process).track_length * 1e6
    whole, track = dw_mtj(process=process, track_length=length), dw_track(process=process, track_length=length)
    pillar = mtj_pillar(process=process)
    for layer in ("track", "vt", "pin"):
        assert (region(whole, process, layer) ^ region(track, process, layer)).is_empty()
    assert region(track, process, "pillar").is_empty()
    assert region(pillar, process, "pillar").area() == region(whole, process, "pillar").area() == 20 * 50


@pytest.mark.parametrize("process", preset_names())
def test_tiles_have_one_pitch_and_one_device(process):
    spec = TileSpec(device=DeviceSpec(process, fitting_device(process).track_length), tracks=3)
    wiring = Wiring(through=(0, 3), tie=2)
    tiles = [axon_tile(tile=spec, wiring=wiring), soma_tile(tile=spec, wiring=Wiring(through=(0, 3)))]
    columns = [region(tile, process, "m2") for tile in tiles]
    rows = [region(tile, process, "m3") for tile in tiles]
    t, step = tile_of(spec), dbu_per_step(load_process(process))
    for tile in tiles:
        assert (tile.kdb_cell.bbox().width(), tile.kdb_cell.bbox().height()) == (t.px * step, t.py * step)
        assert region(tile, process, "pillar").count() == region(tile, process, "track").count() == 1
    # Wires cross both tiles at equal places, so any two abut.
    top = kdb.Region(kdb.Box(0, t.py * step - 1, t.px * step, t.py * step))
    assert ((columns[0] & top) ^ (columns[1] & top)).is_empty()
    assert (rows[0] ^ rows[1]).is_empty()
    assert rows[0].count() == 5  # dendrite, V_DW and three weight tracks


def test_the_tie_alone_is_the_tie_of_the_axon():
    spec = TileSpec(tracks=3)
    for k in range(3):
        tie = synapse(weight_tracks=3, tie=k)
        whole = axon_tile(tile=spec, wiring=Wiring(through=(0, 3), tie=k))
        t = tile_of(spec)
        for layer in ("v2", "m2", "v1"):
            part = region(tie, "ebeam", layer).moved(t.origin[0], 0)
            assert not part.is_empty()
            assert (part - region(whole, "ebeam", layer)).is_empty()
    assert synapse(weight_tracks=3, tie=0).name != synapse(weight_tracks=3, tie=1).name


def test_a_neuron_is_one_row():
    made = neuron(axons=5)
    assert region(made, "ebeam", "pillar").count() == 6
    assert region(made, "ebeam", "m3").count() == 4  # dendrite, V_DW and two rails run through
    assert {p.name for p in made.ports} == {"DENDRITE", "VDW"}


@pytest.mark.parametrize("process", preset_names())
def test_via_stacks_are_enclosed(process):
    p = load_process(process)
    stack = via_stack(process=process, lower="m1", upper="m5", columns=3, rows=2)
    for k in range(1, 5):
        vias = region(stack, process, f"v{k}")
        assert vias.count() == 6
        assert vias.space_check(round(p.layers[f"v{k}"].min_space * 1e9)).count() == 0
        for metal in (f"m{k}", f"m{k + 1}"):
            margin = round(p.enclosure(metal, f"v{k}") * 1e9)
            assert (vias.sized(margin) - region(stack, process, metal)).is_empty()
            assert region(stack, process, metal).width_check(round(p.layers[metal].min_width * 1e9)).count() == 0


def test_a_pad_has_its_size_and_a_port_on_each_side():
    made = pad(size=20.0)
    assert (made.dxsize, made.dysize) == (20.0, 20.0)
    assert sorted(port.name for port in made.ports) == ["E", "N", "S", "W"]


def test_numbers_of_numpy_are_plain_ones():
    assert pad(size=np.float64(20.0)).name == pad(size=20.0).name
    assert via_stack(columns=np.int64(2)).name == via_stack(columns=2).name


def test_every_cell_of_the_pdk_refuses_arrays():
    cells = make_pdk(load_process("ebeam")).cells
    for cell in cells.values():
        for setting in inspect.signature(cell).parameters.values():
            if setting.annotation in ("float", "int", "str", "bool", "float | None"):
                with pytest.raises(InputError, match=f"{setting.name}: "):
                    cell(**{setting.name: np.zeros(2)})
    assert len(cells) > 10


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: via_stack(lower="m3", upper="m1"), "rising order"),
        (lambda: via_stack(columns=0), "1 to 1000"),
        (lambda: pad(layer="track"), "no metal 'track'"),
        (lambda: pad(size=0.01), "m5.width"),
        (lambda: dw_mtj(pillar_width=0.006), "pillar.width"),
        (lambda: dw_mtj(track_length=0.05), "needs at least"),
        (lambda: mtj_pillar(pillar_width=0.005), "pillar.width"),
        (lambda: dw_mtj(process="gold"), "unknown preset"),
        (lambda: neuron(axons=0), "1 to 10000"),
        (lambda: synapse(tie=2), "0 to 1"),
        (lambda: axon_tile(wiring=Wiring(through=(0, 9), tie=0)), "through"),
        (lambda: axon(tie=2), "0 to 1"),
        (lambda: soma(weight_tracks=-1), "0 to 1000"),
        (lambda: via_chain(links=3), "even"),
        (lambda: straight_wire(layer="v1"), "no conductor"),
        (lambda: ladder(taps=0), "1 to 100000"),
        (lambda: wire_step(layer="x"), "no metal 'x'"),
        # gdsfactory's cache: "unhashable type: 'numpy.ndarray'"
        (lambda: soma(track_length=np.array([0.1, 0.2])), r"soma: track_length: array\(.*, allowed: a number up to 1"),
        (lambda: pad(size=np.ma.masked_array([50.0], [True])), "pad: size: "),
        (lambda: dw_track(np.array(["ebeam"])), r"dw_track: process: .*, allowed: a text"),
        (lambda: axon(dendrite_width={0.1}), r"axon: dendrite_width: .*, allowed: a number up to .* or None"),
        (lambda: axon(side=["west"]), r"axon: side: .*, allowed: both, west, east"),
        (lambda: via_stack(columns=2.5), r"via_stack: columns: 2.5, allowed: a whole number"),
        (lambda: dw_mtj(pillar_position="x"), "dw_mtj: pillar_position: 'x', allowed: a number"),
        (lambda: dw_mtj(pillar_position=np.nan), "dw_mtj: pillar_position: nan"),
        (lambda: dw_mtj(track_length=1e300), "dw_mtj: track_length: 1e[+]300, allowed: a number up to 1"),
        (lambda: straight_wire(length=True), "straight_wire: length: True"),
    ],
)
def test_bad_cells_are_refused_with_one_line(call, words):
    with pytest.raises(InputError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"extensions": [Extension(layer="track", past="pillar", by="76 nm")]}, "75 nm found, rule track.extends.pill"),
        ({"overlaps": [Overlap(first="pillar", second="track", width="21 nm")]}, "20 nm found, rule pillar.overlap.tr"),
    ],
)
def test_the_device_keeps_the_extension_and_overlap_of_its_process(rules, words):
    harder = load_process("ebeam").model_copy(update={name: tuple(rule) for name, rule in rules.items()})
    with pytest.raises(InputError, match=words):
        dw_mtj(process=process_key(harder))


def test_wide_columns_reach_the_track_without_more_pitch_than_they_need():
    """The drive column may lie over the track: widening it by 60 nm must not widen a long device's tile at all."""
    device = DeviceSpec(track_length=600e-9)
    narrow, wide = (tile_of(TileSpec(device=device, drive_width=w)) for w in (40e-9, 100e-9))
    assert narrow.px == wide.px
    assert rules_of("ebeam").space("m2") == 40


def test_via_grids_stay_inside_and_are_as_many_as_fit():
    vias = list(via_grid(Box(0, 0, 600, 100), 30, 30, 5, 8))
    assert len(vias) == 8
    assert all(v.x0 >= 5 and v.x1 <= 595 and v.y0 >= 5 and v.y1 <= 95 for v in vias)
    assert len(list(via_grid(Box(0, 0, 40, 40), 30, 30, 5, 8))) == 1


@pytest.mark.parametrize("process", preset_names())
def test_structures_measure_what_they_say(process):
    p, wide = load_process(process), 100 if process in ESTIMATES else 400
    wire = straight_wire(process=process, layer="m2", length=8.0, width=wide / 1e3)
    assert region(wire, process, "m2").area() == 8000 * wide
    assert wire.info["squares"] == 8000 / wide
    bend = region(corner(process=process, arm=4.0, width=wide / 1e3), process, "m3")
    assert (bend.count(), bend.area()) == (1, 2 * 4000 * wide + wide**2)
    chain = via_chain(process=process, lower="m2", links=10)
    assert region(chain, process, "v2").count() == 10
    assert region(chain, process, "m3").count() == 5
    assert region(chain, process, "m2").count() == 6
    for layer in ("m2", "m3"):
        assert region(chain, process, layer).space_check(round(p.layers[layer].min_space * 1e9)).count() == 0
    steps = ladder(process=process, taps=60, pitch=4 * wide / 1e3, width=wide / 1e3)
    texts = steps.kdb_cell.shapes(steps.kcl.layer(*p.layers["m3"].label))
    assert sorted(s.text.x for s in texts.each()) == [4 * wide * k for k in range(62)]
