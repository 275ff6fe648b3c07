"""Capacitance from rectangles, against parallel plates and a finite-difference solution of Laplace's equation."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import capacitance
from hwlib.extraction.capacitance import ConductorRectangles, capacitances
from hwlib.network_file import read_network, write_network
from hwlib.process import load_process
from hwlib.schematic import ideal_network

EPSILON_0 = 8.8541878128e-12
LAYERS = ("track", "read", "m1", "m2", "m3", "m4", "m5")
NM = 1e-9


def drawn(*rows):
    """Rectangles from (layer, net, left, bottom, right, top) in nm."""
    return ConductorRectangles(
        LAYERS,
        np.array([LAYERS.index(r[0]) for r in rows]),
        np.array([r[2:] for r in rows], float) * NM,
        np.array([r[1] for r in rows], np.int32),
    )


def coupling(result, a, b):
    pair = np.flatnonzero((result.coupling_nets == (min(a, b), max(a, b))).all(axis=1))
    return float(result.coupling_farad[pair].sum())


def laplace(process, conductors, width, height, step):
    """Capacitance matrix per length of 2D conductors (x0, z0, x1, z1) over a ground plane at z = 0."""
    nx, nz = round(width / step), round(height / step)
    owner = np.full((nx, nz), -1)
    x, z = (np.arange(nx) + 0.5) * step, (np.arange(nz) + 0.5) * step
    for k, (x0, z0, x1, z1) in enumerate(conductors):
        owner[np.ix_((x > x0) & (x < x1), (z > z0) & (z < z1))] = k
    index = np.arange(nx * nz).reshape(nx, nz)
    a = np.concatenate([index[:-1].ravel(), index[:, :-1].ravel()])
    b = np.concatenate([index[1:].ravel(), index[:, 1:].ravel()])
    flat = owner.ravel()
    # A conductor's face lies half a cell from its first free cell: that link is twice as strong.
    strength = np.where((flat[a] >= 0) != (flat[b] >= 0), 2.0, 1.0)
    links = sp.coo_matrix((strength, (a, b)), shape=(nx * nz,) * 2).tocsr()
    links = links + links.T
    plane = np.zeros(nx * nz)
    plane[index[:, 0]] = 2.0
    matrix = sp.diags(np.asarray(links.sum(axis=1)).ravel() + plane) - links
    free = flat < 0
    factor = splu(matrix.tocsr()[free][:, free].tocsc())
    charge = np.empty((len(conductors),) * 2)
    for k in range(len(conductors)):
        volt = (flat == k).astype(float)
        volt[free] = factor.solve(-(matrix @ volt)[free])
        flux = matrix @ volt
        charge[:, k] = [flux[flat == m].sum() for m in range(len(conductors))]
    return charge * process.permittivity * EPSILON_0


@pytest.fixture(scope="module")
def ebeam():
    return load_process("ebeam")


def test_parallel_plates_couple_by_area_over_gap(ebeam):
    side, gap = 5000, 203 - (103 + 60)
    found = capacitances(drawn(("m2", 0, 0, 0, side, side), ("m3", 1, 0, 0, side, side)), 2, ebeam)
    plate = 3.9 * EPSILON_0 * (side * NM) ** 2 / (gap * NM)
    assert coupling(found, 0, 1) == pytest.approx(plate, rel=1e-6, abs=0)


def test_a_plate_between_shields_the_outer_two(ebeam):
    plates = [(f"m{k}", k - 1, 0, 0, 2000, 2000) for k in (1, 2, 3)]
    found = capacitances(drawn(*plates), 3, ebeam)
    assert coupling(found, 0, 2) == 0
    assert coupling(found, 0, 1) == pytest.approx(3.9 * EPSILON_0 * 4e-12 / 40e-9, rel=1e-6, abs=0)


def test_large_plate_over_ground_tends_to_area_over_height(ebeam):
    side = 50_000
    found = capacitances(drawn(("m1", 0, 0, 0, side, side)), 1, ebeam)
    plate = 3.9 * EPSILON_0 * (side * NM) ** 2 / 33e-9
    assert plate < found.ground[0] < 1.02 * plate


@pytest.mark.parametrize(("width", "counted"), [(495, 15.0), (986, 986 / 33), (1000, 30.0), (50_000, 30.0)])
def test_fringe_of_a_wire_counts_its_width_up_to_thirty_heights(ebeam, width, counted):
    """A plate, and four edges of half of 0.15·W/H + 2.80·(T/H)^0.222 each; T = 30 nm, H = 33 nm."""
    length = 60_000
    found = capacitances(drawn(("m1", 0, 0, 0, length, width)), 1, ebeam).ground[0]
    long, short = (1.40 * (30 / 33) ** 0.222 + 0.075 * w for w in (counted, 30.0))
    expected = length * width / 33 + 2 * length * long + 2 * width * short  # nm
    assert found == pytest.approx(3.9 * EPSILON_0 * NM * expected, rel=1e-5, abs=0)


@pytest.mark.parametrize(
    ("first", "second", "counted"), [(60, 260, 160 / 103), (3000, 5000, 30.0), (2000, 3000, 2500 / 103)]
)
def test_coupling_counts_the_mean_width_up_to_thirty_heights(ebeam, first, second, counted):
    lines = drawn(("m2", 0, 0, 0, 10_000, first), ("m2", 1, 0, first + 200, 10_000, first + 200 + second))
    form = (0.03 * counted + 0.83 * 60 / 103 - 0.07 * (60 / 103) ** 0.222) * (103 / 200) ** 1.34
    expected = 3.9 * EPSILON_0 * 1e-5 * form
    assert coupling(capacitances(lines, 2, ebeam), 0, 1) == pytest.approx(expected, rel=1e-5, abs=0)


def test_edges_that_face_along_part_of_their_length_couple_there(ebeam):
    """And nothing couples across a third wire, a wider gap, or from one net to itself."""
    whole = drawn(("m2", 0, 0, 0, 1000, 60), ("m2", 1, 0, 160, 1000, 220))
    shifted = drawn(("m2", 0, 0, 0, 1000, 60), ("m2", 1, 750, 160, 1750, 220))
    full, part = (coupling(capacitances(each, 2, ebeam), 0, 1) for each in (whole, shifted))
    assert part == pytest.approx(full / 4, rel=1e-6, abs=0)
    itself = capacitances(drawn(("m2", 0, 0, 0, 1000, 60), ("m2", 0, 0, 160, 1000, 220)), 1, ebeam)
    assert len(itself.coupling_farad) == 0


@pytest.mark.parametrize(("layer", "height", "width"), [("m1", 33, 40), ("m2", 103, 80), ("m3", 203, 120)])
def test_single_line_agrees_with_laplace(ebeam, layer, height, width):
    thickness = round(ebeam.layers[layer].thickness / NM)
    length = 100_000
    found = capacitances(drawn((layer, 0, 0, 0, length, width)), 1, ebeam).ground[0] / (length * NM)
    step = min(thickness, width, height) / 8
    span = 14 * height + width
    line = ((span - width) / 2, height, (span + width) / 2, height + thickness)
    exact = laplace(ebeam, [line], span, 7 * height + thickness, step)[0, 0]
    assert found == pytest.approx(exact, rel=0.10, abs=0)


@pytest.mark.parametrize("space", [60, 100, 200])
def test_middle_of_three_lines_agrees_with_laplace(ebeam, space):
    width, height, thickness, length = 60, 103, 60, 100_000
    lines = [("m2", k, 0, k * (width + space), length, k * (width + space) + width) for k in range(3)]
    found = capacitances(drawn(*lines), 3, ebeam)
    total = (found.ground[1] + coupling(found, 0, 1) + coupling(found, 1, 2)) / (length * NM)
    left = 700
    shapes = [(left + r[3], height, left + r[5], height + thickness) for r in lines]
    exact = laplace(ebeam, shapes, 2 * left + shapes[2][2] - shapes[0][0], 800, 7.5)
    assert total == pytest.approx(exact[1, 1], rel=0.10, abs=0)
    assert coupling(found, 0, 1) == pytest.approx(coupling(found, 1, 2), rel=1e-9, abs=0)
    assert coupling(found, 0, 2) == 0  # the middle line shields


def test_coupling_follows_the_closed_form(ebeam):
    w, s, h, t, length = 60e-9, 100e-9, 103e-9, 60e-9, 1e-5
    lines = drawn(("m2", 0, 0, 0, 10_000, 60), ("m2", 1, 0, 160, 10_000, 220))
    form = 0.03 * w / h + 0.83 * t / h - 0.07 * (t / h) ** 0.222
    expected = 3.9 * EPSILON_0 * length * form * (s / h) ** -1.34
    assert coupling(capacitances(lines, 2, ebeam), 0, 1) == pytest.approx(expected, rel=1e-5, abs=0)


def same(a, b):
    np.testing.assert_allclose(a.ground, b.ground, rtol=1e-5)
    np.testing.assert_array_equal(a.coupling_nets, b.coupling_nets)
    np.testing.assert_allclose(a.coupling_farad, b.coupling_farad, rtol=1e-5)


def test_bands_turning_and_cutting_change_nothing(ebeam, monkeypatch):
    lines = [("m2", k, 0, 200 * k, 3000, 200 * k + 40 + 10 * k) for k in range(5)]
    lines += [("m3", 5 + k, 240 * k, -100, 240 * k + 60, 1200) for k in range(8)]
    whole = capacitances(drawn(*lines), 13, ebeam)
    turned = [(layer, net, b, a, d, c) for layer, net, a, b, c, d in lines]
    same(whole, capacitances(drawn(*turned), 13, ebeam))
    cut = [part for layer, net, a, b, c, d in lines for part in (
        (layer, net, a, b, (a + c) // 2, d), (layer, net, (a + c) // 2 - 20, b, c, d))]  # fmt: skip
    same(whole, capacitances(drawn(*cut), 13, ebeam))
    monkeypatch.setattr(capacitance, "MAX_CELLS", 500)
    same(whole, capacitances(drawn(*lines), 13, ebeam))


def test_plates_of_a_random_drawing_by_brute_force(ebeam):
    """Two layers only, one rectangle per net: overlap areas pair by pair; edges excluded by construction."""
    rng = np.random.default_rng(5)
    a = [("m1", k, 300 * k, 0, 300 * k + int(rng.integers(60, 200)), 2000) for k in range(6)]
    b = [("m4", 6 + k, 0, 300 * k, 2000, 300 * k + int(rng.integers(60, 200))) for k in range(6)]
    found = capacitances(drawn(*a, *b), 12, ebeam)
    gap = (303 - 63) * NM
    for lower in a:
        for upper in b:
            width = min(lower[4], upper[4]) - max(lower[2], upper[2])
            height = min(lower[5], upper[5]) - max(lower[3], upper[3])
            plate = 3.9 * EPSILON_0 * width * height * NM**2 / gap
            fringe = coupling(found, lower[1], upper[1]) - plate
            # what is left: fringe of the upper wire's long edges over the lower one, not of an edge flush with its end
            edges = sum(lower[3] < y < lower[5] for y in (upper[3], upper[5]))
            per_edge = 1.40 * (60 / 240) ** 0.222 + 0.075 * (upper[5] - upper[3]) / 240
            assert fringe == pytest.approx(edges * 3.9 * EPSILON_0 * width * NM * per_edge, rel=1e-3, abs=0)


def test_tracks_count_as_ground(ebeam):
    found = capacitances(drawn(("track", -1, 0, 0, 100, 50), ("read", 0, 0, 0, 100, 50)), 1, ebeam)
    assert len(found.coupling_farad) == 0
    assert found.ground[0] > 3.9 * EPSILON_0 * 5e-15 / 2e-9


def test_layers_that_overlap_in_height_are_refused(ebeam):
    layers = dict(ebeam.layers)
    layers["m3"] = layers["m3"].model_copy(update={"bottom": 150e-9})
    bad = ebeam.model_copy(update={"layers": layers})
    with pytest.raises(InputError, match="layer m3 must start above"):
        capacitances(drawn(("m2", 0, 0, 0, 100, 100), ("m3", 1, 0, 0, 100, 100)), 2, bad)


def test_network_file_keeps_capacitances(tmp_path, ebeam):
    plain = ideal_network(Design(name="t", network={"neurons": 3}), ebeam)
    assert not plain.has_capacitance
    assert not read_network(write_network(plain, tmp_path / "plain.nc")).has_capacitance
    nets = len(plain.net_names)
    full = replace(
        plain,
        net_capacitance=np.linspace(1e-16, 1e-15, nets),
        coupling_nets=np.array([[0, 2], [3, 4]], np.int32),
        coupling_farad=np.array([2e-16, 3e-17]),
    ).validate()
    back = read_network(write_network(full, tmp_path / "full.nc"))
    for name in ("net_capacitance", "coupling_nets", "coupling_farad"):
        np.testing.assert_array_equal(getattr(back, name), getattr(full, name))


@pytest.mark.parametrize(
    "wrong",
    [{"net_capacitance": np.ones(2)}, {"coupling_farad": np.ones(1)},
     {"coupling_nets": np.array([[0, 99]]), "coupling_farad": np.ones(1)}],
)  # fmt: skip
def test_wrong_capacitance_arrays_are_refused(ebeam, wrong):
    plain = ideal_network(Design(name="t", network={"neurons": 3}), ebeam)
    with pytest.raises(InputError, match=r"capacitance|coupling"):
        replace(plain, **wrong).validate()


@pytest.mark.parametrize("turned", [False, True])
def test_edges_couple_up_to_a_micrometre_apart(ebeam, turned):
    def between(space: int) -> float:
        boxes = [(0, 0, 40, 1000), (40 + space, 0, 80 + space, 1000)]
        boxes = [(b[1], b[0], b[3], b[2]) if turned else b for b in boxes]
        return coupling(capacitances(drawn(*(("m3", k, *box) for k, box in enumerate(boxes))), 2, ebeam), 0, 1)

    # The closed form falls as the spacing to the power 1.34, up to 1000 nm and not beyond.
    assert between(990) == pytest.approx(between(450) * (450 / 990) ** 1.34, rel=1e-6, abs=0)
    assert between(1010) == 0
