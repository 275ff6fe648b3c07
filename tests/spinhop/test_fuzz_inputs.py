"""Graphs and pictures that nobody would write: refused in one line, or read as another reader reads them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hwlib.errors import InputError
from sim.tasks import graphs
from sim.tasks.picture_files import read_picture
from tests.support.fuzzing import NASTY_TEXTS, damaged, fuzz, judged

pytestmark = pytest.mark.usefixtures("own_folder")
FULL = bool(os.environ.get("SPINHOP_FULL"))
PATH = nx.Graph()
PATH.add_weighted_edges_from([("a", "b", 2), ("b", "c", -1.5), ("a", "c", 3), ("c", "d", 1)])
GRAPHS = {
    ".txt": b"# by hand\n4 4\n1 2 2\n2 3 -1.5\n1 3 3\n3 4 1\n",
    ".col": b"c by hand\np edge 4 4\ne 1 2\ne 2 3\ne 1 3 3\ne 3 4 1\n",
    ".max": b"p max 3 4\nn 1 s\na 1 2 7\na 2 1 7\na 2 3 1\na 3 2 1\n",
    ".mtx": b"%%MatrixMarket matrix coordinate real symmetric\n% by hand\n4 4 4\n2 1 2\n3 2 -1.5\n3 1 3\n4 3 1\n",
    ".mm": b"%%MatrixMarket matrix array integer general\n3 3\n0\n1\n2\n1\n0\n3\n2\n3\n0\n",
    ".graph": b"% by hand\n4 4 1\n2 2 3 3\n1 2 3 -1.5\n2 -1.5 1 3 4 1\n3 1\n",
    ".gml": "\n".join(nx.generate_gml(PATH)).encode(),
    ".graphml": "\n".join(nx.generate_graphml(PATH)).encode(),
}
WORDS = st.sampled_from(
    ["p", "e", "a", "c", "edge", "max", "graph", "node", "edge", "[", "]", "id", "source", "target", "directed", "1",
     "2", "3", "4", "0", "-1", "1.5", "nan", "inf", "1e400", "9" * 30, '"', '"x"', "#", "%", "%%MatrixMarket", "matrix",
     "array", "coordinate", "pattern", "symmetric", "<graphml>", "<graph>", "<node id='1'/>",
     "<edge source='1' target='2'/>", "</graph>", "</graphml>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;",
     "\0", "\ufeff", "٣", "weight", "\n", "\n", "\n"]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def _judged_graph(folder: Path, suffix: str, content: bytes, *options: str) -> None:
    path = folder / f"g{suffix}"
    path.write_bytes(content)
    try:
        found = graphs.read_graph(path, max_nodes=12)
    except InputError:
        try:
            graphs.read_graph(path, weight=options[1] if options else None, max_nodes=1000)
        except InputError:
            code, _ = judged("maxcut", path, *options)
            assert code == 2
        return  # else a good one, which takes its time
    matrix = graphs.adjacency(found).toarray()
    assert np.isfinite(matrix).all() and (matrix == matrix.T).all() and not matrix.diagonal().any()
    _compared(suffix, content, matrix)


def _compared(suffix: str, content: bytes, matrix: np.ndarray) -> None:
    """What SciPy and networkx make of the same bytes, where they take them."""
    try:
        if suffix in (".mtx", ".mm"):
            theirs = scipy.io.mmread(io.BytesIO(content))
            theirs = theirs if isinstance(theirs, np.ndarray) else theirs.toarray()
        elif suffix == ".graphml":
            theirs = nx.to_numpy_array(nx.parse_graphml(content.decode()), weight=None)
        elif suffix == ".gml":
            theirs = nx.to_numpy_array(nx.parse_gml(content.decode(), label="id"), weight=None)
        else:
            return
    except Exception:  # theirs is stricter, or another kind of wrong
        return
    theirs = np.array(theirs, float)
    np.fill_diagonal(theirs, 0)
    np.testing.assert_array_equal(matrix, theirs)


@fuzz("damaged graphs")
@given(st.data())
def test_damaged_graphs(folder, data):
    suffix = data.draw(st.sampled_from(sorted(GRAPHS)))
    named = data.draw(st.sampled_from([suffix, suffix, "", ".txt"]))
    _judged_graph(folder, named, data.draw(damaged(GRAPHS[suffix])))


@fuzz("invented graphs")
@given(st.sampled_from([*sorted(GRAPHS), "", ".xml", ".json"]), st.lists(WORDS | NASTY_TEXTS, max_size=40))
def test_invented_graphs(folder, suffix, words):
    content = " ".join(words).encode("utf-8", "surrogateescape")
    _judged_graph(folder, suffix, content, *(["--weight", "weight"] if len(words) % 2 else []))


@fuzz("names of weights")
@given(st.sampled_from([".gml", ".graphml"]), NASTY_TEXTS | st.text(max_size=20))
def test_names_of_weights(folder, suffix, name):
    path = folder / f"w{suffix}"
    path.write_bytes(GRAPHS[suffix])
    judged("maxcut", path, f"--weight={name}", "--ideal")


def _bitmaps() -> dict[str, bytes]:
    pixels = np.full((5, 6), 220, np.uint8)
    pixels[1:4, 2:4] = 10
    grey, found = Image.fromarray(pixels), {}
    kinds = {
        ".png": ("PNG", grey), ".gif": ("GIF", grey), ".bmp": ("BMP", grey), ".tif": ("TIFF", grey),
        ".pgm": ("PPM", grey),
        ".16.png": ("PNG", Image.fromarray(pixels.astype(np.uint16) * 257)), ".p.png": ("PNG", grey.convert("P")),
        ".a.png": ("PNG", grey.convert("RGBA")), ".1.tif": ("TIFF", grey.convert("1")),
    }  # fmt: skip
    for suffix, (kind, image) in kinds.items():
        stream = io.BytesIO()
        image.save(stream, kind, **({"compression": "packbits"} if suffix == ".1.tif" else {}))
        found[suffix] = stream.getvalue()
    return found | {".txt": b"......\n..##..\n..##..\n..##..\n......\n"}


BITMAPS = _bitmaps()


@fuzz("damaged pictures")
@given(st.data())
def test_damaged_pictures(folder, data):
    suffix = data.draw(st.sampled_from(sorted(BITMAPS)))
    path = folder / f"p{data.draw(st.sampled_from([suffix, suffix, '.png', '.txt', '']))}"
    path.write_bytes(data.draw(damaged(BITMAPS[suffix])))
    options = data.draw(st.sampled_from([{}, {"invert": True}, {"threshold": 0.9}]))
    try:
        bits = read_picture(path, **options).bits
    except InputError:
        code, _ = judged("image", path, "--trials", "1", *_options(options))
        assert code == 2
        return
    assert bits.ndim == 2 and 2 <= bits.size <= 1000 and set(np.unique(bits)) == {0, 1}


def _options(options: dict[str, object]) -> list[str]:
    return ["--invert"] * ("invert" in options) + (["--threshold", "0.9"] if "threshold" in options else [])


@fuzz("options and texts")
@given(
    st.floats() | st.integers(-10, 10), st.floats() | st.integers(-2, 2),
    st.text("#.X1 0@*-_\n?\0", max_size=60) | NASTY_TEXTS,
)  # fmt: skip
def test_options_and_texts(folder, threshold, share, text):
    path = folder / "t.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, _ = judged("image", path, f"--threshold={threshold}", "-d", str(share), "--trials", "1", "--ideal", "--json")
    good = 0 < threshold <= 1 and 0 <= share <= 1
    assert code == 2 or good


def test_the_undamaged_ones_are_taken(folder):
    """By the readers; by the commands, which read all kinds by them, one of each, with SPINHOP_FULL every one."""
    for suffix, content in GRAPHS.items():
        path = folder / f"good{suffix}"
        path.write_bytes(content)
        edges = graphs.adjacency(graphs.read_graph(path)).nnz // 2
        assert edges == (2 if suffix == ".max" else 3 if suffix == ".mm" else 4), suffix
        if FULL or suffix == ".txt":
            code, said = judged("maxcut", path, "--ideal", "--json")
            assert code in (0, 1), said
    for suffix, content in BITMAPS.items():
        path = folder / f"good{suffix}"
        path.write_bytes(content)
        bits = read_picture(path).bits
        assert bits.shape == (5, 6) and bits[1:4, 2:4].all() and bits.sum() == 6, suffix
        if FULL or suffix == ".txt":
            code, said = judged("image", path, "--trials", "1", "-d", "0", "--ideal", "--json")
            assert code in (0, 1) and " 6 of 30 ON" in said, said
