"""Capacitances of drawn networks: areas and couplings against KLayout's own booleans, hierarchy against flat."""

import klayout.db as db
import numpy as np
import pytest

from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.extraction import extract, read_spef, with_capacitance, write_spef, write_spice
from hwlib.extraction.compose import assemble
from hwlib.extraction.conductors import conductor_rectangles
from hwlib.extraction.lumps import capacitors
from hwlib.extraction.roles import name_pieces
from hwlib.process import load_process
from layouts import hopfield, write_layout

EPSILON = 3.9 * 8.8541878128e-12


@pytest.fixture(scope="module", params=["rails", "lines"])
def drawn(request, tmp_path_factory):
    design = Design(name="t", network={"neurons": 4, "weight_style": request.param})
    process = load_process("ebeam")
    path = tmp_path_factory.mktemp("layout") / "t.oas"
    write_layout(hopfield(design), path)
    return design, process, path, with_capacitance(extract(path, process, design), path, process)


def flat_layers(path, process):
    layout = db.Layout()
    layout.read(str(path))
    top = layout.top_cell()
    return {
        name: db.Region(top.begin_shapes_rec(layout.layer(*layer.gds))).merged()
        for name, layer in process.layers.items()
        if layer.kind == "conductor" or name == "track"
    }


def test_rectangles_cover_what_is_drawn(drawn):
    _, process, path, _ = drawn
    assembly = assemble(open_layout(path, process))
    found = conductor_rectangles(assembly, name_pieces(assembly).net_of_piece)
    for k, name in enumerate(found.layer):
        boxes = db.Region([db.Box(*(int(v) for v in np.round(b * 1e9))) for b in found.box[found.layer_index == k]])
        assert (boxes ^ flat_layers(path, process)[name]).is_empty(), name
    grounded = {found.layer[k] for k in found.layer_index[found.net == -1]}
    assert grounded == {"track"}  # every wire is a net's, in either style


def test_every_net_has_capacitance_and_sums_are_symmetric(drawn):
    network = drawn[3]
    assert (network.net_capacitance + np.bincount(
        network.coupling_nets.ravel(), np.repeat(network.coupling_farad, 2), len(network.net_names)
    ) > 0).all()  # fmt: skip
    assert (network.coupling_nets[:, 0] < network.coupling_nets[:, 1]).all()
    assert len(np.unique(network.coupling_nets, axis=0)) == len(network.coupling_nets)


def test_rows_over_columns_couple_by_their_crossings(drawn):
    """Plates of a dendrite row (m3) over a drive column (m2), from KLayout's booleans; the rest is fringe."""
    _, process, path, network = drawn
    layers = flat_layers(path, process)
    labels = {t.string: t for t in _texts(path, process).each()}
    row = _piece(layers["m3"], labels["dend_0"])
    column = _piece(layers["m2"], labels["drive_3"])
    plate = EPSILON * (row & column).area() * 1e-18 / 40e-9
    pair = sorted((network.net_index("dend_0"), network.net_index("drive_3")))
    found = network.coupling_farad[(network.coupling_nets == pair).all(axis=1)].sum()
    assert plate > 0 and plate < found < 6 * plate


def _texts(path, process):
    layout = db.Layout()
    layout.read(str(path))
    region = layout.top_cell().begin_shapes_rec(layout.layer(*process.layers["m2"].label))
    texts = db.Texts(region)
    texts += db.Texts(layout.top_cell().begin_shapes_rec(layout.layer(*process.layers["m3"].label)))
    return texts


def _piece(region, text):
    point = db.Region(db.Box(text.x - 1, text.y - 1, text.x + 1, text.y + 1))
    return region.interacting(point)


def test_flat_layout_gives_the_same(drawn, tmp_path):
    design, process, path, network = drawn
    layout = db.Layout()
    layout.read(str(path))
    layout.top_cell().flatten(True)
    flat = tmp_path / "flat.oas"
    layout.write(str(flat))
    again = with_capacitance(extract(flat, process, design), flat, process)
    assert again.net_names == network.net_names
    np.testing.assert_allclose(again.net_capacitance, network.net_capacitance, rtol=1e-5)
    np.testing.assert_array_equal(again.coupling_nets, network.coupling_nets)
    np.testing.assert_allclose(again.coupling_farad, network.coupling_farad, rtol=1e-5)


def test_another_layouts_network_is_refused(drawn, tmp_path):
    _, process, path, _ = drawn
    other = Design(name="o", network={"neurons": 3})
    write_layout(hopfield(other), tmp_path / "o.oas")
    network = extract(tmp_path / "o.oas", process, other)
    with pytest.raises(InputError, match="not those of the network"):
        with_capacitance(network, path, process)


def totals(network):
    """Ground plus coupling capacitance of each net in F."""
    coupled = np.repeat(network.coupling_farad, 2)
    return network.net_capacitance + np.bincount(network.coupling_nets.ravel(), coupled, len(network.net_names))


def test_spef_holds_every_capacitance(drawn, tmp_path):
    network = drawn[3]
    text = write_spef(network, tmp_path / "t.spef").read_text()
    names = dict(line.split() for line in text.split("*NAME_MAP")[1].split("*PORTS")[0].strip().splitlines())
    ground, coupled, stated = {}, {}, {}
    for block in text.split("*D_NET ")[1:]:
        number, total = block.split("\n")[0].split()
        net = names[number]
        stated[net] = float(total)
        for line in block.split("*CAP\n")[1].split("*RES")[0].strip().splitlines() if "*CAP" in block else ():
            words = line.split()
            if len(words) == 3:
                ground[net] = ground.get(net, 0) + float(words[2])
            else:
                coupled[net] = coupled.get(net, 0) + float(words[3])
    for k, net in enumerate(network.net_names):
        assert ground.get(net, 0) == pytest.approx(network.net_capacitance[k] * 1e15, rel=1e-4, abs=0)
        assert stated[net] == pytest.approx(totals(network)[k] * 1e15, rel=1e-4, abs=0)
        assert stated[net] == pytest.approx(ground.get(net, 0) + coupled.get(net, 0), rel=1e-4, abs=0)
    assert set(read_spef(tmp_path / "t.spef").nets) == set(network.net_names)


def test_spice_holds_every_capacitance(drawn, tmp_path):
    network = drawn[3]
    lines = write_spice(network, tmp_path / "t.sp").read_text().splitlines()
    rows = [line.split() for line in lines if line.startswith("c")]
    assert len({r[0] for r in rows}) == len(rows)
    ground = sum(float(r[3]) for r in rows if r[2] == "0")
    coupling = sum(float(r[3]) for r in rows if r[2] != "0")
    assert ground == pytest.approx(network.net_capacitance.sum(), rel=1e-4, abs=0)
    assert coupling == pytest.approx(network.coupling_farad.sum(), rel=1e-4, abs=0)


def test_coupling_capacitors_sit_where_the_nets_come_nearest(drawn):
    network = drawn[3]
    found = capacitors(network)
    np.testing.assert_array_equal(network.node_net[found.nodes], network.coupling_nets)
    place = np.stack([network.node_x, network.node_y], 1)
    for (a, b), nets in zip(found.nodes[::7], network.coupling_nets[::7], strict=True):
        mine, other = (place[network.node_net == net] for net in nets)
        nearest = np.sqrt(((mine[:, None] - other[None]) ** 2).sum(-1)).min()
        assert np.hypot(*(place[a] - place[b])) == pytest.approx(nearest, abs=1e-12)


def test_metal_that_hangs_on_nothing_counts_as_ground(drawn, tmp_path):
    """A plate apart from everything has no net of its own: capacitances are those without it."""
    design, process, path, known = drawn
    layout = db.Layout()
    layout.read(str(path))
    box = layout.top_cell().dbbox()
    plate = db.DBox(box.right + 5, box.top + 5, box.right + 6, box.top + 6)
    layout.top_cell().shapes(layout.layer(*process.layers["m2"].gds)).insert(plate)
    layout.write(str(tmp_path / "plate.oas"))
    seen = with_capacitance(extract(tmp_path / "plate.oas", process, design), tmp_path / "plate.oas", process)
    np.testing.assert_allclose(seen.net_capacitance, known.net_capacitance, rtol=1e-9)
