"""A soma or axon by itself: as the PDK draws it it is one device, of values by hand; planted faults are found."""

from __future__ import annotations

import json

import klayout.db as kdb
import pytest

from hwlib.checks.lone_device import check_lone_device
from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.process import load_process
from layouts.pdk.copper import PDK

COPPER = load_process("copper")
L, W, PILLAR = 0.12, 0.06, 0.03  # µm


@pytest.fixture(scope="module", params=["soma", "axon", "dw_mtj"])
def cell(request, tmp_path_factory):
    """Path of a device that the PDK drew, not the preset's own size."""
    path = tmp_path_factory.mktemp("lone") / f"{request.param}.gds"
    PDK.cells[request.param](track_length=L, track_width=W, pillar_width=PILLAR).write_gds(path)
    return path


def test_a_drawn_device_is_one_and_has_the_values_of_its_sizes(cell):
    found = check_lone_device(cell, COPPER)
    assert found.findings == []
    wanted = {"L": 120e-9, "W": 30e-9, "X": 60e-9, "H": 60e-9, "N": 60e-9, "M": 60e-9}
    for name, value in wanted.items():
        assert found.sizes[name] == pytest.approx(value, rel=1e-9), name
    track = COPPER.layers["track"]
    squares, area = L / W, W * 1e-6 * track.thickness
    values = {"r_p": 0.5 / (PILLAR * W), "r_ap": 4 * 0.5 / (PILLAR * W), "r_m": track.sheet_resistance * squares,
              "mobility": 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * area)}  # fmt: skip
    assert found.values == pytest.approx(values, rel=1e-6)


def test_it_is_held_to_a_device(cell):
    device = Device(track_length=120e-9, track_width=60e-9, pillar_width=30e-9, resistance_area=1e-12)
    found = check_lone_device(cell, COPPER, device=device)
    assert found.findings == [] and found.values["r_p"] == pytest.approx(1.0 / (PILLAR * W))
    other = check_lone_device(cell, COPPER, device=device.model_copy(update={"track_length": 130e-9})).findings
    assert {finding.rule for finding in other} == {"lvs.size"}
    assert other[0].message == "length of the track is 120 nm, the design's device has 130 nm"


def faulty(path, edit):
    """The layout with a fault, flat: ``edit(shapes by layer, boxes by layer)``."""
    layout = kdb.Layout()
    layout.read(str(path))
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    regions = {name: kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*layer.gds))).merged()
               for name, layer in COPPER.layers.items()}  # fmt: skip
    edit(regions)
    for name, region in regions.items():
        shapes = layout.top_cell().shapes(layout.layer(*COPPER.layers[name].gds))
        shapes.clear()
        shapes.insert(region)
    return layout


def _cover(regions, layer):
    regions[layer] = kdb.Region(regions[layer].bbox())


def _cut_track(regions):
    box = regions["pillar"].bbox()
    regions["track"] -= kdb.Region(kdb.Box(box.left, box.bottom - 100, box.right, box.top + 100))


def _no_marker(regions):
    regions["pin"] = kdb.Region()


def _thin(regions):
    box = regions["m1"].bbox()
    regions["m1"].insert(kdb.Box(box.right + 2, box.bottom, box.right + 4, box.top))


@pytest.mark.parametrize(
    ("edit", "rules"),
    [
        (lambda r: _cover(r, "m1"), {"lvs.short"}), (_cut_track, {"lvs.device"}), (_no_marker, {"lvs.device"}),
        (_thin, {"m1.width", "m1.space"}),
        (lambda r: r.update(track=r["track"].sized(5)), {"lvs.size"}),
    ],
)  # fmt: skip
def test_faults_are_found(cell, edit, rules):
    device = Device(track_length=120e-9, track_width=60e-9, pillar_width=30e-9)
    found = check_lone_device(faulty(cell, edit), COPPER, device=device).findings
    errors = {finding.rule for finding in found if finding.severity == "error"}
    assert rules <= errors, found


def test_several_devices_are_refused(cell):
    layout = kdb.Layout()
    layout.read(str(cell))
    one = layout.top_cell()
    for name, count, words in (("two", 2, "2 devices"), ("many", 1001, "many devices")):
        top = layout.create_cell(name)
        across = kdb.Vector(5000, 0)
        top.insert(kdb.CellInstArray(one.cell_index(), kdb.Trans(), across, kdb.Vector(0, 5000), count, 1))
        with pytest.raises(InputError, match=f"{words}; more than one are checked with their design"):
            check_lone_device(layout, COPPER, top=name)
    layout.clear_layer(layout.layer(*COPPER.layers["track"].gds))
    with pytest.raises(InputError, match="nothing on layer track"):
        check_lone_device(layout, COPPER, top="two")


def test_command(spinhop, cell, tmp_path):
    code, out, _ = spinhop("check", cell, "--process", "copper", "--json")
    told = json.loads(out)
    assert code == 0 and not told["failed"] and told["sizes"]["L"] == pytest.approx(120e-9)
    (tmp_path / "d.yaml").write_text("name: d\nprocess: copper\nnetwork: {neurons: 3}\n")
    code, out, _ = spinhop("check", cell, "--against", tmp_path / "d.yaml")
    assert code == 1 and "lvs.size: length of the track is 120 nm, the design's device has 100 nm" in out
    code, _, err = spinhop("check", cell, "--process", "no such")
    assert code == 2 and len(err.strip().splitlines()) == 1


def test_extract_command(spinhop, cell, tmp_path):
    """The numbers of ``check``, in words, as JSON and in the file; what is no one device is refused."""
    checked = json.loads(spinhop("check", cell, "--process", "copper", "--json")[1])
    code, out, _ = spinhop("extract", cell, "--process", "copper", "--out", tmp_path / "lone", "--json")
    told = json.loads(out)
    assert code == 0 and told == {key: checked[key] for key in ("failed", "sizes", "values")}
    assert set(told["values"]) == {"r_p", "r_ap", "r_m", "mobility"}
    assert json.loads((tmp_path / "lone" / "device.json").read_text()) == told
    code, out, _ = spinhop("extract", cell, "--process", "copper")
    assert code == 0 and "120 nm" in out and "mobility" in out and "next:" not in out
    design = "name: d\nprocess: copper\ndevice: {resistance_area: 1 ohm*um^2}\nnetwork: {neurons: 3}\n"
    (tmp_path / "d.yaml").write_text(design)
    code, out, _ = spinhop("extract", cell, "--against", tmp_path / "d.yaml", "--json")
    other = json.loads(out)
    assert code == 0 and not other["failed"] and other["sizes"] == told["sizes"]
    assert other["values"]["r_p"] == pytest.approx(1.0 / (PILLAR * W))
    layout = kdb.Layout()
    layout.read(str(cell))
    layout.clear_layer(layout.layer(*COPPER.layers["vt"].gds))
    layout.write(str(tmp_path / "bare.gds"))
    for words in (
        [tmp_path / "bare.gds", "--process", "copper"], [cell, "--process", "no such"], [tmp_path / "none.gds"],
        [cell, "--spef", "a.spef"], [cell, "--layout", cell], [tmp_path / "d.yaml", "--process", "copper"],
    ):  # fmt: skip
        code, out, err = spinhop("extract", *words)
        assert code == 2 and not out and err.strip(), words
        assert len(max(err.splitlines(), key=len)) <= 200 and "Traceback" not in err
