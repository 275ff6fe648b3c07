"""Tracks that go on beside themselves or lean: as wide everywhere as the design says, and yet others."""

import klayout.db as kdb
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from tests.support.sheet_fields import refined

LONG = {"track_length": 300e-9, "pillar_width": 40e-9}  # 250 of it are beside the pillar
THREE = Design(name="three", process="copper", device=LONG, network={"neurons": 3, "weight_style": "lines"})
PROCESS = THREE.load_process()
WIDTH, LENGTH, SQUARE = 50, 300, 1000.0  # nm, nm, Ω


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return layouts.write_layout(layouts.hopfield(THREE), tmp_path_factory.mktemp("crooked") / "three.gds")


def redrawn(drawn, change, code=0):
    """The layout with one soma's track changed on the 44 nm from 60 nm beside its pillar."""
    layout = kdb.Layout()
    layout.read(str(drawn))
    top = layout.top_cell()
    top.flatten(-1, True)
    layer, pillars = (layout.layer(*PROCESS.layers[name].gds) for name in ("track", "pillar"))
    tracks = kdb.Region(top.begin_shapes_rec(layer)).merged()
    track = sorted(tracks.each(), key=lambda p: (p.bbox().bottom, p.bbox().left))[4]
    (pillar,) = kdb.Region(top.begin_shapes_rec(pillars)).interacting(kdb.Region(track)).merged().each()
    start, box = pillar.bbox().right + 60, track.bbox()
    piece = kdb.Box(start, box.bottom, start + 44, box.top)
    top.shapes(layer).clear()
    top.shapes(layer).insert((tracks - kdb.Region(piece) + change(piece)).merged())
    layout.transform(kdb.Trans(code % 4, code >= 4, 0, 0))
    return layout


def beside(shift):
    """This piece of the track lies to its side."""
    return lambda box: kdb.Region(box.moved(0, shift))


def leaning(way):
    """The track leans to its side and back."""

    def change(box):
        middle = box.left + 22
        bottom = [(box.left, box.bottom), (middle, box.bottom + way), (box.right, box.bottom)]
        points = bottom + [(x, y + WIDTH) for x, y in bottom[::-1]]
        return kdb.Region(kdb.Polygon([kdb.Point(*point) for point in points]))

    return change


def squares(shift: int, cells: int) -> float:
    """A straight track with 44 nm beside it, 26 nm from its end, by finite differences of cells of 1/``cells`` nm."""
    track = np.zeros((LENGTH * cells, (WIDTH + shift) * cells), bool)
    track[:, : WIDTH * cells] = True
    out = slice(230 * cells, 274 * cells)
    track[out] = False
    track[out, shift * cells :] = True
    number = np.where(track, np.cumsum(track).reshape(track.shape) - 1, -1)
    pairs = [np.stack([a.ravel(), b.ravel()]) for a, b in ((number[1:], number[:-1]), (number[:, 1:], number[:, :-1]))]
    i, j = np.concatenate(pairs, axis=1)
    i, j = i[both := (i >= 0) & (j >= 0)], j[both]
    end = np.bincount(number[0][track[0]], minlength=track.sum()) * 2.0
    other = np.bincount(number[-1][track[-1]], minlength=track.sum()) * 2.0
    one = np.ones(len(i))
    links = sp.csr_array((np.concatenate([-one, -one]), (np.concatenate([i, j]), np.concatenate([j, i]))))
    volts = spsolve(sp.csc_array(links + sp.diags_array(-links.sum(axis=0) + end + other)), end)
    return 1 / float(other @ volts)


@pytest.mark.parametrize("shift", [4, 26])
def test_a_track_that_goes_on_beside_itself(drawn, shift):
    """Design rules let it pass; it is more resistive and has less metal at its corners than its width says."""
    expected = SQUARE * float(refined(*(np.array([squares(shift, cells)]) for cells in (1, 2)))[0])
    found = []
    for code in (0, 3, 5):
        layout = redrawn(drawn, beside(shift), code)
        assert not drc(layout, PROCESS)
        (finding,) = lvs(layout, PROCESS, THREE)
        assert (finding.rule, finding.severity) == ("lvs.size", "error")
        assert finding.message == f"soma 1: the track is {WIDTH - shift} to 50 nm wide instead of 50"
        network = extract(layout, PROCESS, THREE)
        odd = int(network.somas[1])
        found.append(network.r_m[odd])
        np.testing.assert_allclose(np.delete(network.r_m, odd), 6000)
        assert network.narrowest_area[odd] / network.area[odd] == pytest.approx(1 - shift / WIDTH, rel=1e-9, abs=0)
    assert found[0] == pytest.approx(expected, rel=5e-3, abs=0) and expected > 6000 * (1 + 0.0005 * shift)
    np.testing.assert_allclose(found, found[0], rtol=1e-9)


@pytest.mark.parametrize("way", [11, 22])
def test_a_track_that_leans(drawn, way):
    """Its current goes a longer way through less metal than is drawn across."""
    layout = redrawn(drawn, leaning(way))
    (finding,) = lvs(layout, PROCESS, THREE)
    across = WIDTH / np.hypot(1, way / 22)
    assert finding.message == f"soma 1: the track is {across:.6g} to 50 nm wide instead of 50"
    network = extract(layout, PROCESS, THREE)
    assert network.r_m[network.somas[1]] == pytest.approx(20 * (256 + 44 * (1 + (way / 22) ** 2)), rel=1e-6, abs=0)
    assert network.narrowest_area[network.somas[1]] == pytest.approx(across * 1e-18, rel=1e-6, abs=0)


def test_a_track_that_holds_together_in_a_point(drawn):
    layout = redrawn(drawn, beside(WIDTH))
    assert "soma 1: the track is 0 to 50 nm wide instead of 50" in [f.message for f in lvs(layout, PROCESS, THREE)]
    with pytest.raises(InputError, match="its track holds together in a point alone"):
        extract(layout, PROCESS, THREE)
