"""Graph files with the line ends of any system, and what GML writes with entities."""

from __future__ import annotations

import pytest

from sim.tasks import graphs
from tests.support.graph_files import BANNER, read

GML = "# old\ngraph [ node [ id 1 ] node [ id 2 ] node [ id 3 ]\n"
FILES = {
    "g.txt": "# old\n3 2\n1 2 4\n2 3 5\n",
    "g.mtx": f"{BANNER} coordinate integer symmetric\n3 3 2\n2 1 4\n3 2 5.0\n",
    "g.col": "c old\np edge 3 2\ne 1 2 4\ne 2 3 5\n",
    "g.graph": "3 2 1\n2 4\n1 4 3 5\n2 5\n",
    "g.gml": GML + "edge [ source 1 target 2 weight 4 ]\nedge [ source 2 target 3 weight 5 ] ]\n",
    "gml": GML.removeprefix("# old\n") + "edge [ source 1 target 2 weight 4 ]\nedge [ source 2 target 3 weight 5 ] ]",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(tmp_path, name, end):
    path, weight = tmp_path / name, "weight" if "gml" in name else None
    path.write_bytes(FILES[name].replace("\n", end).encode())
    found = graphs.read_graph(path, weight=weight)
    assert sorted(found.edges(data="weight")) == [(0, 1, 4.0), (1, 2, 5.0)]


def test_more_lines_of_old_macs_than_are_looked_at_at_once(tmp_path):
    rows = [f"{k} {k + 1} {k}" for k in range(1, 9000)]
    found = [
        read(tmp_path, f"g{k}.txt", end.join(["9000 8999", *rows, ""])) for k, end in enumerate(("\n", "\r"))
    ]  # fmt: skip
    assert list(found[0].edges(data="weight")) == list(found[1].edges(data="weight")) and len(found[0].edges) == 8999


def test_gml_labels_are_written_with_entities(tmp_path):
    text = 'graph [ node [ id 1 label "A &amp; &quot;B&quot;" ] node [ id 2 label "M&#252;ller & &copy &auml;&none;" ]'
    found = read(tmp_path, "g.gml", text + " edge [ source 1 target 2 ] ]")
    assert [label for _, label in found.nodes(data="label")] == ['A & "B"', "Müller & &copy ä&none;"]
