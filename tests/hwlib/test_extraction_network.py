"""Extraction of whole layouts: composed against flat, edits by hand, devices, and every error line."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from functools import partial

import klayout.db as db
import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.network import DW_IN, DW_OUT, MTJ_OUT, Network
from hwlib.network_file import read_network, write_network
from hwlib.process import load_process
from tests.support.hand_drawn import (
    EDGE,
    PX,
    PY,
    RAIL_Y,
    Sheet,
    design,
    draw_device,
    draw_network,
    erase,
    extracted,
    flattened,
    hebbian_levels,
    resistances,
)

R_READ, R_M2, R_M3 = (load_process("ebeam").layers[k].sheet_resistance for k in ("read", "m2", "m3"))
VIA = load_process("ebeam").layers["v2"].contact_resistance / 30e-9**2


@pytest.fixture
def run(tmp_path) -> Callable[..., Network]:
    return partial(extracted, tmp_path)


@pytest.mark.parametrize("suffix", ["gds", "oas"])
def test_wires_of_a_small_network_by_hand(run, suffix):
    network = run(draw_network(hebbian_levels(3)), suffix=suffix)
    r = resistances(network)
    # dend_0's pin lies at x = −390 on m3; the axon in column 1 taps it at 360, then three vias, 70 nm of read. The even
    # current of a pillar comes a sixth of the pillar's 50 nm nearer than its centre, that of a via a sixth of its
    # 30 nm; on read the via's current crowds at its edge, which spares up to a third of the even one's squares.
    nearer = R_READ * (50 + 30) / 6 / 40 + R_M3 * 30 / 6 / 40
    even = R_M3 * 750 / 40 + 3 * VIA + R_READ * 70 / 40 - nearer
    assert even - R_READ * 30 / 3 / 40 / 3 < r["dend_0", 1, MTJ_OUT] < even
    assert r["dend_0", 2, MTJ_OUT] - r["dend_0", 1, MTJ_OUT] == pytest.approx(R_M3 * PX / 40, rel=0.005, abs=0)
    # drive_1's pin at y = 10; its axon in row 2 taps at 2·520 + 225, then one v1 and one vt.
    assert r["drive_1", 7, DW_IN] == pytest.approx(R_M2 * (2 * PY + 215) / 40 + 2 * VIA, rel=0.01, abs=0)
    # gnd's pin at x = 40 on the 80 nm trunk.
    to_column, down = R_M3 * (PX + 145) / 80, R_M2 * (2 * PY + 120 - 225) / 40 + R_M2 * PY / 40
    assert r["gnd", 1, DW_OUT] == pytest.approx(to_column + down + 3 * VIA, rel=0.01, abs=0)
    assert network.has_wires and network.neurons == 3
    assert set(network.net_names) == {"gnd", "vdw", "w_m1", "w_p1", *(f"{k}_{i}" for k in ("dend", "drive")
                                                                     for i in range(3))}  # fmt: skip


def test_limits_are_the_weakest_part(run):
    network = run(draw_network(hebbian_levels(3)))
    process = load_process("ebeam")
    tap = network.terminals[1, MTJ_OUT]
    k = np.flatnonzero((network.resistor_nodes == tap).any(axis=1))
    assert len(k) == 1
    # From the row to the read electrode: vias of 30 × 30 nm² carry less than read (10 nm × 40 nm) or m2.
    parts = {
        "v2": process.layers["v2"].max_current_density * 30e-9**2,
        "read": process.layers["read"].max_current_density * 40e-9 * process.layers["read"].thickness,
    }
    weakest = min(parts, key=lambda name: parts[name])
    assert network.resistor_limit[k[0]] == pytest.approx(parts[weakest])
    assert network.layers[network.resistor_layer[k[0]]] in (weakest, "vr", "v1")


def test_composed_cells_equal_the_flat_layout(run):
    levels = hebbian_levels(16)
    composed, flat = (run(s, 16) for s in (draw_network(levels), flattened(draw_network(levels))))
    a, b = resistances(composed), resistances(flat)
    assert a.keys() == b.keys() and len(a) == 4 * 256
    np.testing.assert_allclose(list(a.values()), [b[k] for k in a], rtol=1e-9)
    np.testing.assert_allclose(composed.device_x, flat.device_x)
    assert composed.nodes == flat.nodes


def test_weights_come_from_the_vias(run):
    levels = hebbian_levels(5)
    read = run(draw_network(levels), 5).weight_levels()
    np.fill_diagonal(levels, 0)
    np.testing.assert_array_equal(read, levels)


def test_renamed_cells_and_another_hierarchy_change_nothing(run):
    plain, renamed = (draw_network(hebbian_levels(4)) for _ in range(2))
    for k, cell in enumerate(list(renamed.layout.each_cell())):
        cell.name = f"c{k}"
    rows = [c for c in renamed.layout.each_cell() if c.parent_cells() == 1 and c.child_instances() > 2]
    rows[0].flatten(False)
    assert resistances(run(plain, 4)) == pytest.approx(resistances(run(renamed, 4)), rel=1e-9, abs=0)


def test_turned_layout_gives_the_same_network(run):
    plain, turned = (draw_network(hebbian_levels(3)) for _ in range(2))
    old = turned.layout.top_cell()
    new = turned.layout.create_cell("turned")
    new.insert(db.CellInstArray(old.cell_index(), db.Trans(5, 1000, -300)))
    a, b = run(plain), run(turned)
    assert resistances(a) == pytest.approx(resistances(b), rel=1e-9, abs=0)
    np.testing.assert_allclose(b.pillar_centre, a.pillar_centre)
    np.testing.assert_allclose(b.length, a.length)


def test_netcdf_round_trip(run, tmp_path):
    network = run(draw_network(hebbian_levels(3)))
    again = read_network(write_network(network, tmp_path / "n.nc"))
    np.testing.assert_array_equal(again.resistor_ohm, network.resistor_ohm)
    np.testing.assert_array_equal(again.terminals, network.terminals)


def test_devices_are_measured_not_assumed(run):
    s = draw_network(hebbian_levels(3))
    for name in ("axon_w_m1", "axon_w_p1"):
        cell = s.layout.cell(name)
        for layer in ("track", "pillar"):
            cell.shapes(s.layer(layer)).clear()
        s.box(cell, "track", 35, 205, 205, 245)  # 40 nm wide instead of 50
        s.box(cell, "pillar", 102, 200, 132, 250)  # 30 nm, 3 nm nearer to DW_IN, wider than the track
    network = run(s)
    axon = network.pre != network.post
    device = design(3).device
    np.testing.assert_allclose(network.area[axon], 40e-9 * 1e-9)
    np.testing.assert_allclose(network.length, 100e-9)
    np.testing.assert_allclose(network.r_m[axon], 1000 * 100 / 40)
    np.testing.assert_allclose(network.r_m[~axon], 2000)
    np.testing.assert_allclose(network.pillar_width[axon], 30e-9)
    np.testing.assert_allclose(network.pillar_centre[axon], 47e-9)
    np.testing.assert_allclose(network.r_p[axon], device.resistance_area / (30e-9 * 40e-9))
    np.testing.assert_allclose(network.r_ap[axon], (1 + device.tmr) * device.resistance_area / (30e-9 * 40e-9))
    np.testing.assert_allclose(network.mobility[axon] / network.mobility[~axon][0], 50 / 40)
    np.testing.assert_allclose(network.leak, np.where(axon, -5.0, 0.2))


def test_strap_by_hand_lowers_a_resistance_as_predicted(run):
    """A second m3 path beside dend_0's row from its pin to column 2."""
    before = resistances(run(draw_network(hebbian_levels(3))))
    s = draw_network(hebbian_levels(3))
    s.box(s.layout.top_cell(), "m3", -EDGE + 20, 95, PX, 175)
    after = resistances(run(s))
    # From x = −380 to 240 the row is twice as wide, less what spreading at the step costs.
    gain = before["dend_0", 2, MTJ_OUT] - after["dend_0", 2, MTJ_OUT]
    assert R_M3 * (620 / 40 - 620 / 80) * 0.9 < gain < R_M3 * (620 / 40 - 620 / 80)
    assert after["dend_1", 4, DW_IN] == pytest.approx(before["dend_1", 4, DW_IN], rel=1e-9, abs=0)


def test_strap_across_windows_joins_where_it_ends(run):
    before = resistances(run(draw_network(hebbian_levels(3))))
    s = draw_network(hebbian_levels(3))
    top = s.layout.top_cell()
    s.box(top, "m4", -395, 135, 3 * PX, 175)
    for x in (-300, 3 * PX - 60):
        s.square(top, "v3", x, 155)
    after = resistances(run(s))
    straight = R_M3 * (3 * PX - 60 + 300) / 40
    strap = R_M3 * (3 * PX - 60 + 300) / 40 + 2 * VIA  # m4 has m3's sheet resistance
    tap = 2 * PX + 120 + 300
    along, rest = R_M3 * tap / 40, straight - R_M3 * tap / 40
    drop = along - along * (rest + strap) / (along + rest + strap)
    assert before["dend_0", 2, MTJ_OUT] - after["dend_0", 2, MTJ_OUT] == pytest.approx(drop, rel=0.01, abs=0)


def test_notch_by_hand_raises_a_resistance(run):
    before = resistances(run(draw_network(hebbian_levels(3))))
    s = flattened(draw_network(hebbian_levels(3)))
    erase(s, "m3", -200, 155, 0, 200)
    rise = resistances(run(s))["dend_0", 2, MTJ_OUT] - before["dend_0", 2, MTJ_OUT]
    assert R_M3 * 5 < rise < R_M3 * 6  # 200 nm at half width, and its two steps


def test_removed_via_opens_a_net(run):
    s = flattened(draw_network(hebbian_levels(3)))
    erase(s, "v2", PX + 100, PY * 2 + 130, PX + 140, PY * 2 + 180)
    with pytest.raises(InputError, match=r"device at \(0\.360, 1\.265\) µm: MTJ_OUT is on a net without label .* "
                                         r"DW_IN on drive_1, DW_OUT on gnd"):  # fmt: skip
        run(s)


def test_cut_row_is_an_open_net(run):
    s = flattened(draw_network(hebbian_levels(3)))
    erase(s, "m3", PX + 5, 100, PX + 25, 200)
    with pytest.raises(InputError, match=r"device at .* µm: MTJ_OUT is on a net without label"):
        run(s)
    s.label(s.layout.top_cell(), "m3", "dend_0", PX + 200, 155)
    with pytest.raises(InputError, match=r"net dend_0 is open: 2 separate pieces .* \(-0\.390, 0\.155\)"):
        run(s)


SOMA = r"drawn\.gds: device at \((0\.120, 0\.225|0\.360, 0\.745|0\.600, 1\.265)\) µm"


def _no_shape(layer: str) -> Callable[[Sheet], None]:
    return lambda s: s.layout.cell("soma").shapes(s.layer(layer)).clear()


def _cut_track(s: Sheet) -> None:
    cell = s.layout.cell("axon_w_p1")
    cell.shapes(s.layer("track")).clear()
    s.box(cell, "track", 35, 200, 140, 250)
    s.box(cell, "track", 150, 200, 205, 250)


def _cut_under_pillar(s: Sheet) -> None:
    cell = s.layout.cell("axon_w_p1")
    cell.shapes(s.layer("track")).clear()
    s.box(cell, "track", 35, 200, 117, 250)
    s.box(cell, "track", 123, 200, 205, 250)


def _short(s: Sheet) -> None:
    s.box(s.layout.top_cell(), "m3", 10, 135, 50, RAIL_Y["vdw"])


def _label_in_air(s: Sheet) -> None:
    s.label(s.layout.top_cell(), "m3", "vdw", -EDGE + 2, RAIL_Y[1.0])


def _unlabelled(s: Sheet) -> None:
    index = s.layout.layer(*s.process.layers["m2"].label)
    shapes = s.layout.top_cell().shapes(index)
    for shape in [x for x in shapes.each() if x.text.string == "drive_1"]:
        shapes.erase(shape)


def _wrong_net(s: Sheet) -> None:
    """Swap the labels of a rail and V_DW."""
    index = s.layout.layer(*s.process.layers["m2"].label)
    for shape in s.layout.top_cell().shapes(index).each():
        text = shape.text
        if text.string in ("vdw", "w_p1"):
            shape.text = db.Text({"vdw": "w_p1", "w_p1": "vdw"}[text.string], text.trans)


def _swapped(s: Sheet) -> None:
    """One neuron is called 7."""
    for shape in s.layout.top_cell().shapes(s.layout.layer(*s.process.layers["m3"].label)).each():
        if shape.text.string == "dend_2":
            shape.text = db.Text("dend_7", shape.text.trans)


def _wide_pin(s: Sheet) -> None:
    s.box(s.layout.cell("soma"), "pin", 35, 200, 205, 250)


def _two_pillars(s: Sheet) -> None:
    cell = s.layout.cell("soma")
    s.box(cell, "pillar", 133, 200, 138, 250)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (_no_shape("track"), SOMA + r": its pillar stands on no track"),
        (_no_shape("read"), SOMA + r": no read electrode under its pillar \(MTJ_OUT"),
        (_no_shape("vt"), SOMA + r": its track has no contact"),
        (_no_shape("pin"), r"the pin marker covers no end of its track"),
        (_wide_pin, r"the pin marker covers both ends of its track"),
        (_cut_track, r"device at .* µm: its track has no contact at the right end \(DW_IN or DW_OUT missing"),
        (_cut_under_pillar, r"device at .* µm: its track is cut in half under the pillar"),
        (_two_pillars, r"one pillar per track"),
        (_no_shape("m1"), r"no m1 over its pillar \(MTJ_IN missing\)"),
        (_short, r"nets (vdw and dend_0|dend_0 and vdw) are shorted \(labels at \(.*\) µm and \(.*\) µm\)"),
        (_label_in_air, r"label 'vdw' at \(-0\.398, 0\.470\) µm touches no m3 wire"),
        (_unlabelled, r"device at .* µm: (DW_IN|MTJ_OUT) is on a net without label"),
        (_wrong_net, r"device at .* has DW_IN on .*; an? (axon|soma) has a"),
        (_swapped, r"the layout has a neuron 7, the design has 3"),
    ],
)
def test_broken_layouts_say_what_and_where(run, break_it, message):
    s = draw_network(hebbian_levels(3, seed=2))
    break_it(s)
    with pytest.raises(InputError, match=message) as error:
        run(s)
    assert "\n" not in str(error.value)


def test_other_number_of_neurons(run):
    with pytest.raises(InputError, match=r"the axon 3→0 and 6 more are missing: 9 devices, 4 neurons .* 16"):
        run(draw_network(hebbian_levels(3)), 4)
    with pytest.raises(InputError, match=r"the layout has a neuron 2, the design has 2"):
        run(draw_network(hebbian_levels(3)), 2)


def test_files_that_are_no_layout_of_the_process(tmp_path):
    process, three = load_process("ebeam"), design(3)

    def message(name: str, make: Callable[[db.Layout], None] | bytes) -> str:
        path = tmp_path / name
        if isinstance(make, bytes):
            path.write_bytes(make)
        else:
            layout = db.Layout()
            layout.dbu = 0.001
            make(layout)
            layout.write(str(path))
        with pytest.raises(InputError) as error:
            extract(path, process, three)
        assert str(path) in str(error.value)
        return str(error.value)

    def two_tops(layout: db.Layout) -> None:
        for name in "ab":
            layout.create_cell(name).shapes(layout.layer(12, 0)).insert(db.Box(0, 0, 10, 10))

    def other_process(layout: db.Layout) -> None:
        layout.create_cell("a").shapes(layout.layer(68, 20)).insert(db.Box(0, 0, 10, 10))

    def strange_layer(layout: db.Layout) -> None:
        no_labels(layout)
        other_process(layout)
        layout.cell("top").insert(db.CellInstArray(layout.cell("a").cell_index(), db.Trans()))

    def no_labels(layout: db.Layout) -> None:
        s = Sheet()
        s.layout = layout
        draw_device(s, s.cell("top"))

    def only_wires(layout: db.Layout) -> None:
        layout.create_cell("a").shapes(layout.layer(12, 0)).insert(db.Box(0, 0, 10, 10))

    assert "not a layout that can be read" in message("text.gds", b"not a layout at all")
    packed = {"gzip": gzip.compress(b"x"), "zip": b"PK\x03\x04", "zstd": b"\x28\xb5\x2f\xfd", "xz": lzma.compress(b"x")}
    for name, content in (packed | {"bzip2": bz2.compress(b"x")}).items():
        assert f"chip.gds.gz: compressed with {name}; unpack it first" in message("chip.gds.gz", content)
    assert "cannot be read to its end" in message("cut.gds", b"\x00\x06\x00\x02\x02\x58\x00\x1c")
    assert "layout is empty" in message("empty.gds", lambda layout: layout.create_cell("a") and None)
    assert "2 top cells (a, b)" in message("tops.gds", two_tops)
    assert "nothing on layer track" in message("other.gds", other_process)
    assert "layer 68/20 is not in process ebeam" in message("strange.gds", strange_layer)
    assert "no net labels" in message("bare.gds", no_labels)
    assert "no device" in message("wires.gds", only_wires)
    with pytest.raises(InputError, match="no such layout file"):
        extract(tmp_path / "none.gds", process, three)


def test_scaled_instance_is_extracted_flat(run):
    """A magnified cell is no repeated window; what it draws counts all the same."""
    s = draw_network(hebbian_levels(3))
    top, small = s.layout.top_cell(), s.cell("small")
    s.box(small, "m4", 0, 0, 20, 20)
    top.insert(db.DCellInstArray(small.cell_index(), db.DCplxTrans(2.0, 0, False, db.DVector(5, 5))))
    assert resistances(run(s)) == pytest.approx(resistances(run(draw_network(hebbian_levels(3)))), rel=1e-9, abs=0)


def test_track_of_uneven_width_has_its_squares_place_by_place(run):
    s = draw_network(hebbian_levels(3))
    for name in ("axon_w_m1", "axon_w_p1"):
        s.box(s.layout.cell(name), "track", 80, 200, 90, 300)  # ten of its hundred nm are twice as wide
    network = run(s)
    axon = network.pre != network.post
    np.testing.assert_allclose(network.r_m[axon], 1000 * (90 / 50 + 10 / 100))
    np.testing.assert_allclose(network.r_m[~axon], 2000)
    np.testing.assert_allclose(network.narrowest_area, 50e-18)
    np.testing.assert_allclose(network.area[axon], 55e-18)
