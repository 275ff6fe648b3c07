"""Wire resistance of single conductors against closed forms."""

import klayout.db as db
import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.extraction.grid import Contact, Line
from hwlib.extraction.sheet import Frame, solve
from hwlib.extraction.tesselation import tesselate
from hwlib.process import load_process
from tests.support.hand_drawn import Sheet, pin_resistance

PROCESS = load_process("ebeam")
R_M2, R_M3 = (PROCESS.layers[name].sheet_resistance for name in ("m2", "m3"))
RHO = PROCESS.layers["v1"].contact_resistance
VIA = RHO / 30e-9**2


@pytest.fixture
def sheet():
    drawn = Sheet()
    return drawn, drawn.cell("top")


def test_straight_wire_is_its_squares(sheet):
    s, top = sheet
    s.box(top, "m2", 0, 0, 40, 2000)
    r = pin_resistance(s, top, ("m2", 20, 0), ("m2", 20, 700), ("m2", 20, 2000))
    np.testing.assert_allclose(r, [R_M2 * 700 / 40, R_M2 * 2000 / 40], rtol=1e-12)


def test_wire_drawn_in_overlapping_parts_is_one_wire(sheet):
    s, top = sheet
    for x in (0, 300, 650):
        s.box(top, "m3", x, 0, x + 400, 40)
    assert pin_resistance(s, top, ("m3", 0, 20), ("m3", 1050, 20)) == pytest.approx(R_M3 * 1050 / 40)


def test_l_corner_is_0_56_squares(sheet):
    """Exact corner: 0.5587 squares (Hall, Thin Solid Films 1, 277 (1967))."""
    s, top = sheet
    s.box(top, "m2", 0, 0, 1000, 40)
    s.box(top, "m2", 960, 0, 1000, 1000)
    r = pin_resistance(s, top, ("m2", 0, 20), ("m2", 980, 1000))[0]
    corner = r / R_M2 - (960 + 960) / 40
    assert corner == pytest.approx(0.5587, rel=0.03, abs=0)


def test_step_between_widths(sheet):
    """A symmetric step by a = w1/w2 adds [(a + 1/a) ln((1 + a)/(1 − a)) + 2 ln((1 − a²)/(4a))]/2π squares.

    By conformal mapping; for a → 0 it is the half-plane's spreading resistance ln(1/a)/π plus a constant.
    """
    s, top = sheet
    s.box(top, "m2", 0, 0, 1000, 40)
    s.box(top, "m2", 1000, -20, 2000, 60)
    r = pin_resistance(s, top, ("m2", 0, 20), ("m2", 2000, 20))[0]
    a = 0.5
    excess = ((a + 1 / a) * np.log((1 + a) / (1 - a)) + 2 * np.log((1 - a**2) / (4 * a))) / (2 * np.pi)
    assert r / R_M2 - 1000 / 40 - 1000 / 80 == pytest.approx(excess, rel=0.03, abs=0)


def test_t_junction_is_symmetric_and_between_bounds(sheet):
    s, top = sheet
    s.box(top, "m2", 0, 0, 2000, 40)
    s.box(top, "m2", 980, 0, 1020, 1000)
    left_right, left_stem = pin_resistance(s, top, ("m2", 0, 20), ("m2", 2000, 20), ("m2", 1000, 1000)) / R_M2
    right_stem = pin_resistance(s, top, ("m2", 2000, 20), ("m2", 1000, 1000))[0] / R_M2
    assert left_stem == pytest.approx(right_stem, rel=1e-9, abs=0)
    assert 1960 / 40 < left_right < 2000 / 40  # the opening of the stem can only widen the straight run
    assert (980 + 960) / 40 < left_stem < (980 + 960) / 40 + 0.5587 + 0.5


def test_slanted_wire_is_meshed(sheet):
    s, top = sheet
    w, length = 40, 1000
    u, v = np.array([3, 4]) / 5, np.array([-4, 3]) / 5
    corners = [(0, 0), tuple(length * u), tuple(length * u + w * v), tuple(w * v)]
    top.shapes(s.layer("m2")).insert(db.Polygon([db.Point(round(x), round(y)) for x, y in corners]))
    ends = [tuple(round(float(c)) for c in at * u + w / 2 * v) for at in (100, 900)]
    r = pin_resistance(s, top, *(("m2", x, y) for x, y in ends))[0] / R_M2
    # Pins are 20 nm boxes: each shortens the run by at most its size and adds some spreading.
    assert r == pytest.approx(800 / w, rel=0.05, abs=0)


def test_via_stack(sheet):
    s, top = sheet
    for layer in ("m1", "m2", "m3"):
        s.square(top, layer, 0, 0, 40)
    for layer in ("v1", "v2"):
        s.square(top, layer, 0, 0)
    assert pin_resistance(s, top, ("m1", 0, 0), ("m3", 0, 0))[0] == pytest.approx(2 * VIA, rel=1e-9, abs=0)


def test_via_array_is_in_parallel():
    """Two vias at equal distance from both pins: half the resistance of one."""
    r = []
    for places in ((60,), (-60, 60)):
        s = Sheet()
        top = s.cell("top")
        for layer in ("m2", "m3"):
            s.box(top, layer, -20, -100, 20, 100)
        for y in places:
            s.square(top, "v2", 0, y)
        r.append(pin_resistance(s, top, ("m2", 0, 0), ("m3", 0, 0))[0])
    assert r[1] == pytest.approx(r[0] / 2, rel=1e-9, abs=0)
    # From the pin to the centre of a via, less a sixth of the via's length at each end of its current.
    assert r[0] == pytest.approx(VIA + (R_M2 + R_M3) * (60 - 30 / 6) / 40, rel=0.01, abs=0)


@pytest.mark.parametrize("wire", ["m2", "m3"])
def test_via_of_half_a_square_of_the_grid_joins_what_it_lies_on(sheet, wire):
    """Within the box of another wire, round the one that it lies on; its area in whole squares is 0."""
    s, top = sheet
    for box in ((-200, -300, 200, -200), (-200, -200, -100, 10), (100, -200, 200, 10)):
        s.box(top, wire, *box)
    for layer in ("m2", "m3"):
        s.square(top, layer, 0, 0, 40)
    top.shapes(s.layer("v2")).insert(db.Polygon([db.Point(0, 0), db.Point(0, 1), db.Point(1, 0)]))
    (ohm,) = pin_resistance(s, top, ("m2", 0, -20), ("m3", 0, -20))
    assert 0.4 < ohm / (RHO / 0.5e-18) < 1.1  # contacts are boxes


def test_via_without_both_layers_joins_nothing(sheet):
    s, top = sheet
    s.box(top, "m2", 0, 0, 40, 400)
    s.square(top, "v2", 20, 100)
    s.square(top, "v1", 20, 300)
    assert pin_resistance(s, top, ("m2", 20, 0), ("m2", 20, 400))[0] == pytest.approx(R_M2 * 10)


def test_ladder_of_60_taps(sheet):
    """Rungs to a common rail: the driving-point resistance follows the ladder's continued fraction.

    A contact's even current comes a sixth of its length nearer than its centre.
    """
    s, top = sheet
    taps, pitch, rung = 60, 240, 600
    s.box(top, "m3", 0, 0, pitch * taps, 40)
    s.box(top, "m3", 0, rung, pitch * taps, rung + 40)
    for k in range(taps):
        x = pitch * k + 120
        s.box(top, "m2", x - 20, 0, x + 20, rung + 40)
        s.square(top, "v2", x, 20)
        s.square(top, "v2", x, rung + 20)
    r = pin_resistance(s, top, ("m3", 0, 20), ("m3", 0, rung + 20))[0]
    section, step = R_M3 * pitch / 40, 2 * VIA + R_M2 * (rung - 2 * 30 / 6) / 40 - 2 * R_M3 * 30 / 6 / 40
    expected = step
    for _ in range(taps - 1):
        expected = 1 / (1 / step + 1 / (2 * section + expected))
    assert r == pytest.approx(expected + 2 * R_M3 * 120 / 40, rel=0.005, abs=0)


def test_notch_raises_and_wide_part_lowers(sheet):
    s, top = sheet
    s.box(top, "m2", 0, 0, 2000, 40)
    plain = pin_resistance(s, top, ("m2", 0, 20), ("m2", 2000, 20))[0]
    s.box(top, "m2", 900, 40, 1100, 80)
    wide = pin_resistance(s, top, ("m2", 0, 20), ("m2", 2000, 20))[0]
    assert plain - R_M2 * 200 / 40 / 2 < wide < plain
    notched = Sheet()
    cell = notched.cell("top")
    for box in ((0, 0, 900, 40), (900, 0, 1100, 20), (1100, 0, 2000, 40)):
        notched.box(cell, "m2", *box)
    narrow = pin_resistance(notched, cell, ("m2", 0, 20), ("m2", 2000, 20))[0]
    assert narrow > plain + R_M2 * 200 / 40 * 0.99
    assert narrow < plain + R_M2 * (200 / 40 + 1)


def test_sheet_between_lines_is_exact_and_port_matrix_sums_to_zero():
    lines = [Line(True, 0, 0, 40), Line(True, 100, 0, 40)]
    g, _, _ = solve(db.Polygon(db.Box(0, 0, 100, 40)), lines, [Contact(((35, 5, 65, 35),), None)], Frame(0.001, 1))
    np.testing.assert_allclose(g.sum(axis=1), 0, atol=1e-12)
    assert g[0, 2] == pytest.approx(g[1, 2])
    through = -g[0, 1] + 1 / (1 / -g[0, 2] + 1 / -g[1, 2])  # the tap drawing no current
    assert through == pytest.approx(40 / 100, rel=1e-6, abs=0)


def test_tesselation_agrees_with_grid_on_a_corner():
    corner = db.Region(db.Box(0, 0, 120, 40)) + db.Region(db.Box(80, 0, 120, 120))
    polygon = next(corner.merged().each())
    lines = [Line(True, 0, 0, 40), Line(False, 120, 80, 120)]
    grid = 1 / solve(polygon, lines, [], Frame(0.001, 1)).matrix[0, 0]
    mesh = 1 / -tesselate(polygon, lines, [], 0.001, 1)[0, 1]
    assert grid == pytest.approx(4.5587, rel=0.005, abs=0)
    assert mesh == pytest.approx(grid, rel=0.03, abs=0)


def test_a_slanted_sliver_is_refused_not_meshed():
    """Triangles as small as it is narrow would be millions."""
    sliver = db.Polygon([db.Point(0, 0), db.Point(8_388_248, 20), db.Point(8_388_248, 40), db.Point(0, 20)])
    with pytest.raises(InputError, match="slanted piece of metal, 8388 µm long, is over 20000 times longer than wide"):
        tesselate(sliver, [Line(True, 0, 0, 20), Line(True, 8_388_248, 20, 40)], [], 0.001, 1)


@pytest.mark.parametrize("up", [0, 70])
def test_metal_that_cannot_be_solved_is_named_with_its_place(sheet, up):
    s, top = sheet
    points = [db.Point(0, up), db.Point(8_388_000, up + 20), db.Point(8_388_000, up + 40), db.Point(0, up + 20)]
    top.shapes(s.layer("m2")).insert(db.Polygon(points))
    with pytest.raises(InputError, match=rf"longer than wide: the piece of m2 around \(4194000\.0, {up + 20}\.0\)"):
        pin_resistance(s, top, ("m2", 0, up + 10), ("m2", 8_388_000, up + 30))
