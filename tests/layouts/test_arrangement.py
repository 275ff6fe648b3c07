"""The order of neurons and the places of somas change the drawing, and nothing that is said by neuron."""

import klayout.db as kdb
import numpy as np
import pytest
import yaml

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design, load_design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.extraction import extract
from hwlib.process import load_process, preset_names
from hwlib.weights import weight_levels
from tests.layouts.test_crossbar_geometry import flat_regions, violations
from tests.layouts.test_crossbar_nets import level_name, trace
from tests.support.fitting import fitting_device
from tests.support.resistances import to_pins

ORDER, PLACES = (3, 0, 5, 2, 4, 1), (0, 5, 2, 2, 1, 4)


def design(process="ebeam", **network):
    return Design(
        name="placed", process=process, seed=5, device=fitting_device(process),
        network={"neurons": 6, "weights": {"random_patterns": 2}, **network},
    )  # fmt: skip


@pytest.mark.parametrize(("k", "process"), list(enumerate(preset_names())))
def test_every_terminal_is_on_its_net(k, process, tmp_path):
    """Traced by KLayout: the device at row a and column b is the axon from neuron order[b] onto order[a]."""
    both = {"order": ORDER, "soma_places": PLACES}
    network = (both, {"order": ORDER}, {"soma_places": PLACES}, both, both, {"order": ORDER})[k % 6]
    style, p = ("rails", "lines")[k % 2], load_process(process)
    straps = {"drive": {"metal": "m4", "pitch": 2}} if k % 3 else {}
    drawn = design(process, weight_style=style, straps=straps, **network)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    path = layouts.write_layout(component, tmp_path / "placed.gds")
    assert drc(path, p) == lvs(path, p, drawn) == []
    levels, order = weight_levels(drawn), network.get("order", range(6))
    devices, _ = trace(path, p)
    devices.sort(key=lambda d: d[0].y)
    for a, i in enumerate(order):
        row = sorted(devices[a * 6 : a * 6 + 6], key=lambda d: d[0].x)
        for j, (_, nets) in zip(order, row, strict=True):
            weight = f"w_{i}_{j}" if style == "lines" else level_name(levels[i, j])
            soma = (f"dend_{i}", "gnd", "vdw", f"drive_{i}")
            assert nets == (soma if i == j else (f"drive_{j}", "gnd", weight, f"dend_{i}")), (i, j)


def test_an_order_is_another_numbering_of_the_same_wires(tmp_path):
    """Weights renumbered by hand and drawn in the plain order have the same resistances, device by device."""
    p, order = load_process("copper"), np.array(ORDER)
    first = design("copper", order=ORDER, soma_placement="centred")
    levels = weight_levels(first)[np.ix_(order, order)]
    plain = design("copper", soma_placement="centred", weights={"matrix": tuple(map(tuple, levels.tolist()))})
    ohm = []
    for k, drawn in enumerate((first, plain)):
        network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / f"{k}.oas"), p, drawn)
        matrix = np.empty((6, 6, 4))
        matrix[network.post, network.pre] = to_pins(network)
        ohm.append(matrix)
    np.testing.assert_allclose(ohm[0][np.ix_(order, order)], ohm[1], rtol=1e-9)
    assert abs(ohm[0] / ohm[1] - 1).max() > 0.05  # the order matters


@pytest.mark.parametrize(("placement", "places"), [("diagonal", range(6)), ("centred", [3] * 6)])
def test_given_places_can_say_what_the_words_say(placement, places):
    p = load_process("ebeam")
    words = flat_regions(layouts.hopfield(design(soma_placement=placement)), p)
    given = flat_regions(layouts.hopfield(design(soma_places=tuple(places))), p)
    assert all((words[name] ^ given[name]).is_empty() for name in p.layers)


def test_a_soma_joins_where_it_is_said():
    """The patch between a dendrite's feeder and the dendrite, found on m3 of the drawing."""
    p, n = load_process("ebeam"), 6
    component = layouts.hopfield(design(soma_places=PLACES))
    regions = flat_regions(component, p)
    tracks = sorted({piece.bbox().left for piece in regions["track"].each()})
    pitch = tracks[1] - tracks[0]
    dendrites = [
        next(piece for piece in regions["m3"].each() if piece.inside(kdb.Point(s.text.x, s.text.y)))
        for i in range(n)
        for s in component.kdb_cell.shapes(component.kcl.layout.layer(*p.layers["m3"].label)).each()
        if s.text.string == f"dend_{i}"
    ]
    for i, (polygon, place) in enumerate(zip(dendrites, PLACES, strict=True)):
        box = polygon.bbox()
        if place == i:
            assert box.height() == 40  # no feeder
            continue
        feeder = (kdb.Region(kdb.Box(box.left, box.bottom, box.right, box.bottom + 20)) & kdb.Region(polygon)).bbox()
        assert [(end - tracks[0]) // pitch for end in (feeder.left, feeder.right)] == sorted((i, place))


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"order": [0, 1, 2]}, "network.order: each neuron from 0 to 5 once, found 3 of 6"),
        ({"order": [0, 1, 2, 3, 4, 4]}, "found 4"),
        ({"order": [0, 1, 2, 3, 4, 6]}, "found 6"),
        ({"order": []}, "order"),
        ({"soma_places": [0] * 5}, "5 places, a network of 6 neurons needs 6"),
        ({"soma_places": [0, 1, 2, 3, 4, -1]}, "-1 is no row or column, allowed: 0 to 5"),
        ({"soma_places": ["x"] * 6}, "soma_places"),
    ],
)
def test_bad_places_are_refused(network, words, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({"name": "bad", "network": {"neurons": 6, **network}}), encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        load_design(path)
    assert all(len(line) <= LONGEST_LINE for line in error.value.lines)
