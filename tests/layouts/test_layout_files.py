"""Files: equal designs give equal bytes, the hierarchy keeps them small, one top cell, labels in it alone."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import klayout.db as kdb
import pytest

import layouts
from hwlib.cells.tiles import axon_tile, soma_tile
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.process import load_process
from hwlib.sections.network_fields import NetworkFields
from hwlib.sections.weight_fields import Weights
from layouts.pdk import activate

FULL = os.environ.get("SPINHOP_FULL") == "1"
EXAMPLES = sorted((Path(__file__).parents[2] / "layouts" / "examples").glob("*.yaml"))


def design(n=5, **network):
    return Design(name="files", network=NetworkFields(neurons=n, **network))


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


_FRESH = """
import sys
import layouts
from hwlib.design import Design
from hwlib.sections.network_fields import NetworkFields
drawn = layouts.hopfield(Design(name="files", network=NetworkFields(neurons=5)))
for suffix in (".gds", ".oas"):
    layouts.write_layout(drawn, sys.argv[1] + suffix)
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A folder with what a process of its own drew, which had drawn nothing else before."""
    folder = tmp_path_factory.mktemp("fresh")
    command = [sys.executable, "-c", _FRESH, str(folder / "first")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    return folder


@pytest.mark.parametrize("suffix", [".gds", ".oas"])
def test_equal_designs_give_equal_bytes_in_any_session(tmp_path, fresh, suffix):
    # Here others come first, whose tiles this one shares, and another process's layers.
    activate(load_process("copper"))
    soma_tile()
    axon_tile()
    layouts.hopfield(Design(name="shares", seed=4, network=NetworkFields(neurons=4)))
    layouts.hopfield(design(7, soma_placement="centred"))
    layouts.hopfield(Design(name="other", process="copper", network=NetworkFields(neurons=5)))
    here = digest(layouts.write_layout(layouts.hopfield(design()), tmp_path / f"here{suffix}"))
    again = digest(layouts.write_layout(layouts.hopfield(design()), tmp_path / f"again{suffix}"))
    assert here == again == digest(fresh / f"first{suffix}")
    other = layouts.write_layout(layouts.hopfield(design(weight_width=80e-9)), tmp_path / f"other{suffix}")
    assert digest(other) != here


def test_gds_and_oasis_hold_the_same_polygons(tmp_path):
    component = layouts.hopfield(design())
    seen = []
    for suffix in (".gds", ".oas"):
        layout = kdb.Layout()
        layout.read(str(layouts.write_layout(component, tmp_path / f"same{suffix}")))
        top, found = layout.top_cell(), {}
        for index, info in zip(layout.layer_indexes(), layout.layer_infos(), strict=True):
            shapes = top.begin_shapes_rec(index)
            found[info.layer, info.datatype] = (kdb.Region(shapes).merged(), sorted(map(str, kdb.Texts(shapes).each())))
        seen.append(found)
    gds, oas = seen
    assert gds.keys() == oas.keys()
    for number, (region, texts) in gds.items():
        assert (region ^ oas[number][0]).is_empty()
        assert texts == oas[number][1]


def test_cells_of_the_file_are_named_for_people_and_texts_are_on_top(tmp_path):
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design()), tmp_path / "named.gds")))
    (top,) = layout.top_cells()
    assert top.name == "files"
    names = {cell.name for cell in layout.each_cell()}
    rows = {f"row_{i}" for i in range(5)}
    edges = {"edge_west", "edge_east", "edge_south", "edge_north"}
    assert names == {"files", "soma", "axon_p1", "axon_m1"} | rows | edges
    for cell in layout.each_cell():
        texts = sum(cell.shapes(k).size() for k in layout.layer_indexes() for _ in [0] if _has_text(cell, k))
        assert (texts > 0) == (cell.name == "files")


def _has_text(cell, layer):
    return any(shape.is_text() for shape in cell.shapes(layer).each())


@pytest.mark.slow
@pytest.mark.parametrize("neurons", [1000 if FULL else 300])
def test_many_neurons_stay_a_small_hierarchy(tmp_path, neurons):
    component = layouts.hopfield(design(neurons))
    oas = layouts.write_layout(component, tmp_path / "large.oas")
    layout = kdb.Layout()
    layout.read(str(oas))
    assert layout.cells() <= neurons + 10
    assert oas.stat().st_size < 8 * neurons**2
    tile_shapes = sum(
        cell.shapes(k).size() for cell in layout.each_cell() if cell.name != "files" for k in layout.layer_indexes()
    )
    assert tile_shapes < 1000
    p = load_process("ebeam")
    counted = {"soma": 0, "axon_p1": 0, "axon_m1": 0}
    for cell in layout.each_cell():
        for instance in cell.each_inst():
            if instance.cell.name in counted:
                counted[instance.cell.name] += max(1, instance.na) * max(1, instance.nb)
    assert counted["soma"] == neurons
    assert sum(counted.values()) == neurons**2
    assert layout.cell("axon_p1").shapes(layout.layer(*p.layers["pillar"].gds)).size() == 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_drawn(path, tmp_path):
    one = load_design(path)
    assert one.name == path.stem
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(one), tmp_path / "example.oas")))
    index = layout.layer(*one.load_process().layers["pillar"].gds)
    pillars = sum(1 for _ in layout.top_cell().begin_shapes_rec(index).each())
    assert pillars == one.network.neurons**2


def test_bad_paths_are_refused(tmp_path):
    component = layouts.hopfield(design())
    with pytest.raises(InputError, match=r"\.gds or \.oas"):
        layouts.write_layout(component, tmp_path / "layout.dxf")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        layouts.write_layout(component, tmp_path / "file" / "layout.gds")
    assert not [p for p in tmp_path.iterdir() if p.name != "file"]


def test_unequal_weights_are_different_cells():
    one, two = (layouts.hopfield(design(3, weights=Weights(patterns=(word,)))) for word in ("101", "110"))
    assert one.name != two.name
    assert layouts.hopfield(design(3, weights=Weights(patterns=("101",)))).name == one.name


def test_importing_layouts_is_light():
    code = "import sys, layouts; sys.exit(any(m in sys.modules for m in ('gdsfactory', 'klayout', 'matplotlib')))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_pictures_show_the_layer_colours(tmp_path):
    from PIL import Image

    p = load_process("ebeam")
    gds = layouts.write_layout(layouts.hopfield(design(3)), tmp_path / "seen.gds")
    whole = Image.open(layouts.render(gds, tmp_path / "whole.png", p)).convert("RGB")
    part = layouts.render(gds, tmp_path / "part.png", p, window=(0.34e-6, 0.14e-6, 0.58e-6, 0.46e-6), title="soma 0")
    assert min(whole.size) > 500
    assert min(Image.open(part).size) > 300
    counts = {color: n for n, color in whole.getcolors(maxcolors=1 << 24)}
    assert len(counts) > 50  # many blends of translucent layers
    assert sum(n for color, n in counts.items() if color != (255, 255, 255)) > 0.3 * whole.size[0] * whole.size[1]


@pytest.mark.filterwarnings("error")
def test_labels_from_outside_are_written_as_they_are(tmp_path):
    """They are no formulas, letters that the font lacks are not remarked on, and long ones are cut (28 s before)."""
    layout, process = kdb.Layout(), load_process("ebeam")
    top, texts = layout.create_cell("top"), layout.layer(*process.layers["m1"].label)
    top.shapes(layout.layer(*process.layers["m1"].gds)).insert(kdb.Box(0, 0, 900, 900))
    for k, name in enumerate((r"$x^{$ y", r"$\frac$", "a\x01b\tc", "\u795e\u7d4c", "n" * 30_000, "a\n" * 3000)):
        top.shapes(texts).insert(kdb.Text(name, 450, 100 + 100 * k))
    layout.write(str(tmp_path / "labels.gds"))
    begun = time.process_time()
    assert layouts.render(tmp_path / "labels.gds", tmp_path / "labels.png", process).stat().st_size > 1000
    assert time.process_time() - begun < 5


def test_notes_stand_at_their_places_and_the_legend_is_whole(tmp_path):
    import numpy as np
    from PIL import Image

    p = load_process("ebeam")
    gds = layouts.write_layout(layouts.hopfield(design(3)), tmp_path / "seen.gds")

    def picture(notes: dict[str, tuple[float, float]]) -> np.ndarray:
        path = layouts.render(gds, tmp_path / "noted.png", p, labels=False, notes=notes)
        return np.asarray(Image.open(path).convert("L"), float)

    bare = picture({})
    rows, columns = np.nonzero(np.abs(picture({"here": (0.4e-6, 0.4e-6)}) - bare) > 8)
    again = np.nonzero(np.abs(picture({"here": (0.4e-6, 1.0e-6)}) - bare) > 8)
    assert 0 < np.ptp(columns) < 80 and 0 < np.ptp(rows) < 40  # a word, and nothing else has moved
    assert np.median(again[0]) < np.median(rows) - 50 and abs(np.median(again[1]) - np.median(columns)) < 3
    assert (bare[:, -8:] == 255).all() and (bare[:8] == 255).all() and (bare[:, :3] == 255).all()


def test_titles_and_notes_are_no_formulas_and_any_text(tmp_path):
    gds = layouts.write_layout(layouts.hopfield(design(2)), tmp_path / "seen.gds")
    for text in ("$\\frac{$", "half \ud800 a letter\nand a line"):
        layouts.render(gds, tmp_path / "a.png", load_process("ebeam"), title=text, notes={text: (0, 0)}, inches=2)


@pytest.mark.parametrize(
    ("notes", "said"),
    [({3: (0, 0)}, "3, allowed: texts"), ({"a": 3}, "'a': 3, allowed: x, y within 1 m"),
     ({"a": (0, float("nan"))}, "'a': tuple of 2, allowed"), ({"a": "b"}, "'a': 'b' is not a quantity in m")],
)  # fmt: skip
def test_other_notes_are_refused(notes, said, tmp_path):
    gds = layouts.write_layout(layouts.hopfield(design(2)), tmp_path / "seen.gds")
    with pytest.raises(InputError, match=f"^notes: {said}"):
        layouts.render(gds, tmp_path / "noted.png", load_process("ebeam"), notes=notes)


def test_painted_picture_shows_what_outlines_show(tmp_path, monkeypatch):
    """Coarse blocks of both have the same colours, but for the edges that outlines are drawn with."""
    import numpy as np
    from PIL import Image

    p = load_process("ebeam")
    gds = layouts.write_layout(layouts.hopfield(design(3)), tmp_path / "seen.gds")

    def blocks(name: str, window: tuple[float, float, float, float] | None) -> np.ndarray:
        picture = Image.open(layouts.render(gds, tmp_path / name, p, window=window, labels=False)).convert("RGB")
        return np.asarray(picture.resize((48, 40), Image.Resampling.BOX), float)

    for k, window in enumerate((None, (0.3e-6, 0.2e-6, 0.9e-6, 1.0e-6))):
        outlined = blocks(f"outlined{k}.png", window)
        monkeypatch.setattr(layouts.pictures, "MOST_POLYGONS", 0)
        painted = blocks(f"painted{k}.png", window)
        monkeypatch.undo()
        difference = abs(outlined - painted)
        assert difference.mean() < 4 and np.quantile(difference, 0.98) < 30
        assert abs(outlined - np.roll(painted, 2, axis=1)).mean() > 3 * difference.mean()  # one that can fail


def test_pictures_refuse_what_is_no_layout(tmp_path):
    p = load_process("ebeam")
    (tmp_path / "text.gds").write_text("not a layout")
    for name in ("text.gds", "missing.gds"):
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            layouts.render(tmp_path / name, tmp_path / "no.png", p)
    gds = layouts.write_layout(layouts.hopfield(design(3)), tmp_path / "seen.gds")
    with pytest.raises(InputError, match="window"):
        layouts.render(gds, tmp_path / "no.png", p, window=(0.0, 0.0, 0.0, 1e-6))
