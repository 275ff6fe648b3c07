"""A kind of topology from outside the package: drawn with empty tiles, checked, extracted and simulated."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np
import pytest

import layouts
import sim
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.schematic import ideal_network
from hwlib.topology import TOPOLOGIES, of_name, register


@pytest.fixture
def ring():
    """Every neuron drives its two neighbours."""
    register("ring", lambda n: np.isin((np.arange(n)[:, None] - np.arange(n)) % n, (1, n - 1)))
    yield "ring"
    del TOPOLOGIES["ring"]


def of(kind: str, style: str = "rails", placement: str = "diagonal", neurons: int = 6) -> Design:
    return Design(name=f"{kind.replace('-', '_')}_{style}_{placement}", network={
        "neurons": neurons, "weight_style": style, "soma_placement": placement, "topology": {"kind": kind},
        "weights": {"patterns": ["110010"]},
    })  # fmt: skip


def drawn(design: Design, folder):
    return layouts.write_layout(layouts.hopfield(design, design.load_process()), folder / f"{design.name}.oas")


@pytest.mark.parametrize("placement", ["diagonal", "centred"])
@pytest.mark.parametrize("style", ["rails", "lines"])
def test_absent_axons_are_empty_tiles(ring, style, placement, tmp_path):
    design = of(ring, style, placement)
    process, path = design.load_process(), drawn(design, tmp_path)
    found = drc(path, process) + lvs(path, process, design, topology=True)
    assert [f for f in found if f.severity == "error"] == []
    layout = kdb.Layout()
    layout.read(str(path))
    pillar = layout.layer(*process.layers["pillar"].gds)
    assert sum(1 for _ in layout.top_cell().begin_shapes_rec(pillar).each()) == 6 + 2 * 6
    network, ideal = extract(path, process, design), ideal_network(design, process)
    assert (set(network.net_names), network.devices) == (set(ideal.net_names), 18)
    assert np.array_equal(network.pre, ideal.pre) and np.array_equal(network.post, ideal.post)


def test_all_engines_agree_on_a_ring(ring, tmp_path):
    design = of(ring)
    process = design.load_process()
    ideal, network = ideal_network(design, process), extract(drawn(design, tmp_path), process, design)
    for each, engines in ((ideal, ("ideal", "layout", "reference")), (network, ("layout", "reference"))):
        protocol = sim.protocol_on(each, design, process, start=np.array([1, 1, 0, 1, 1, 0]))
        *others, reference = (sim.run(each, protocol, engine=engine, record=False) for engine in engines)
        for result in others:
            assert np.array_equal(result.state, reference.state)
            np.testing.assert_allclose(result.wall_final, reference.wall_final, atol=1e-6 * 100e-9)
            assert float(result.time_to_solution) == pytest.approx(float(reference.time_to_solution), rel=1e-6)


def test_a_layout_of_another_topology_is_told(ring, tmp_path):
    """Both ways, by checks and by extraction."""
    sparse, whole = of(ring), of("all-to-all")
    process = sparse.load_process()
    missing = [f.rule for f in lvs(drawn(sparse, tmp_path), process, whole, topology=False)]
    assert missing.count("lvs.missing") == 18
    extra = [f for f in lvs(drawn(whole, tmp_path), process, sparse, topology=False) if f.rule == "lvs.extra"]
    assert len(extra) == 18
    with pytest.raises(InputError, match=r"the axon 2→0 and 17 more are missing: 18 devices, 6 neurons .* have 36"):
        extract(drawn(sparse, tmp_path), process, whole)
    with pytest.raises(InputError, match="2→0 and 17 more are none of the design: 36 devices"):
        extract(drawn(whole, tmp_path), process, sparse)


def test_a_device_where_none_should_be_does_not_stand_in_for_a_missing_one(ring, tmp_path):
    """The whole array against a ring; row 2 has lost its name, and one of the ring's own axons on it its pillar."""
    sparse, whole = of(ring), of("all-to-all")
    process, layout = sparse.load_process(), kdb.Layout()
    layout.read(str(drawn(whole, tmp_path)))
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    network = extract(drawn(whole, tmp_path), process, whole)
    lost = int(np.flatnonzero((network.post == 2) & (network.pre == 1))[0])
    at = kdb.DPoint(network.device_x[lost] * 1e6, network.device_y[lost] * 1e6).to_itype(layout.dbu)
    top = layout.top_cell()
    pillars, labels = (layout.layer(*number) for number in (
        process.layers["pillar"].gds, process.layers["m3"].label))  # fmt: skip
    for shape in [s for s in top.shapes(pillars).each() if s.bbox().contains(at)]:
        shape.delete()
    for shape in [s for s in top.shapes(labels).each() if s.is_text() and s.text_string == "dend_2"]:
        shape.delete()
    found = lvs(layout, process, sparse, topology=False)
    assert [f.message for f in found if f.rule == "lvs.missing"] == [
        "axon 1→2 is missing or is no complete device"
    ]  # fmt: skip
    assert sum(f.rule == "lvs.extra" for f in found) == 18


def test_a_kind_is_registered_once(ring):
    with pytest.raises(ValueError, match="there is a topology ring already"):
        register(ring, TOPOLOGIES[ring])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: np.ones((n, n + 1), bool), r"found shape \(5, 6\), allowed: a matrix of shape \(5, 5\)"),
        (lambda n: None, r"found a NoneType, allowed: a matrix of shape \(5, 5\)"),
        (lambda n: np.ones((n, n), bool), "neuron 0 drives itself; allowed: a diagonal without axons"),
        (lambda n: np.zeros((n, n), bool), "found no axon among 5 neurons, at least one is needed"),
        (lambda n: 0.3 * (1 - np.eye(n)), "found entries that are neither booleans nor 0 and 1"),
        (lambda n: np.where(np.eye(n), 0, np.nan), "found entries that are neither booleans nor 0 and 1"),
    ],
)
def test_what_is_no_topology_is_refused_before_anything_is_made_of_it(make, message):
    register("odd", make)
    try:
        with pytest.raises(InputError, match=f"network.topology.kind: 'odd': {message}"):
            of_name("odd", 5)
    finally:
        del TOPOLOGIES["odd"]


def test_a_matrix_of_0_and_1_is_one_of_booleans():
    register("odd", lambda n: (1 - np.eye(n, dtype=int)).tolist())
    try:
        assert of_name("odd", 4).joined.dtype == bool and of_name("odd", 4).complete
    finally:
        del TOPOLOGIES["odd"]
