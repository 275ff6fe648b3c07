"""Every graph format beside another reader of the same file (networkx, SciPy), and cuts beside all bipartitions."""

from __future__ import annotations

import io
import itertools

import networkx as nx
import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from hwlib.errors import InputError
from sim.tasks import graphs
from sim.tasks.optimum import optimum
from tests.support.graph_files import BANNER, read, refused

KARATE = nx.karate_club_graph()


def gml(graph):
    return "\n".join(nx.generate_gml(graph))


def graphml(graph):
    return "\n".join(nx.generate_graphml(graph))


def edge_list(graph):
    index = {node: k for k, node in enumerate(graph, 1)}
    lines = [f"{index[u]} {index[v]}" for u, v in graph.edges]
    return f"{len(graph)} {len(lines)}\n" + "\n".join(lines)


def dimacs(graph, kind="edge", *, twice=False):
    index = {node: k for k, node in enumerate(graph, 1)}
    pairs = [(index[u], index[v]) for u, v in graph.edges]
    pairs += [(v, u) for u, v in pairs] if twice else []
    return f"c by hand\np {kind} {len(graph)} {len(pairs)}\n" + "\n".join(f"e {u} {v}" for u, v in pairs)


def metis(graph, weighted=False):
    """Written as the manual of METIS says; nodes are numbers from 0."""
    lines = [f"{len(graph)} {graph.number_of_edges()}" + " 001" * weighted]
    for node in graph:
        near = [f"{k + 1} {graph[node][k]['weight']!r}" if weighted else f"{k + 1}" for k in graph[node]]
        lines.append(" ".join(near))
    return "\n".join(["% by hand", *lines, ""])


def matrix_market(graph, field="pattern", symmetry="symmetric", dense=False):
    matrix = nx.to_scipy_sparse_array(graph, weight=None if field == "pattern" else "weight", format="coo")
    stream = io.BytesIO()
    scipy.io.mmwrite(stream, matrix.toarray() if dense else matrix, field=field, symmetry=symmetry)
    return stream.getvalue()


def most_cut(weights):
    """The largest cut by walking all bipartitions."""
    n, best = len(weights), 0.0
    for sides in itertools.product((0, 1), repeat=n - 1):
        side = np.array([0, *sides], bool)
        best = max(best, weights[side][:, ~side].sum())
    return best


@st.composite
def weighted_graphs(draw):
    """Graphs with names for nodes and weights of both signs, some with edges from a node to itself."""
    names = draw(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), min_size=2,
                          max_size=8, unique=True))  # fmt: skip
    pairs = list(itertools.combinations_with_replacement(names, 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=20, unique=True))
    graph = nx.Graph()
    graph.add_nodes_from(names)
    weight = st.integers(-50, 50) | st.floats(-1e6, 1e6)
    graph.add_edges_from((u, v, {"weight": draw(weight.filter(lambda w: abs(w) > 1e-9))}) for u, v in chosen)
    graph.remove_edges_from([edge for edge in nx.selfloop_edges(graph) if draw(st.booleans())])
    return graph


def matrix_of(graph):
    """By networkx, without the diagonal."""
    dense = nx.to_numpy_array(graph)
    np.fill_diagonal(dense, 0)
    return dense


@settings(max_examples=60, deadline=None)
@given(graph=weighted_graphs())
@pytest.mark.parametrize(("suffix", "write", "other"), [("gml", gml, nx.parse_gml), ("graphml", graphml, None)])
def test_attributed_formats_are_read_as_networkx_reads_them(tmp_path_factory, suffix, write, other, graph):
    wanted = matrix_of(graph)
    if not wanted.any():
        return
    text = write(graph)
    tmp_path = tmp_path_factory.mktemp("g")
    theirs = nx.parse_gml(text) if suffix == "gml" else nx.parse_graphml(text)
    assert [str(node) for node in theirs] == list(graph)
    found = read(tmp_path, f"g.{suffix}", text, weight="weight")
    np.testing.assert_array_equal(graphs.adjacency(found).toarray(), matrix_of(theirs))
    assert any("which never cross a cut" in each for each in graphs.remarks(found)) == bool(
        nx.number_of_selfloops(graph)
    )
    counted = read(tmp_path, f"g.{suffix}", text)
    np.testing.assert_array_equal(graphs.adjacency(counted).toarray(), wanted != 0)
    if suffix == "graphml":
        assert [label for _, label in found.nodes(data="label")] == list(graph)
    assert optimum(found).value == pytest.approx(most_cut(wanted), rel=1e-12, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(graph=weighted_graphs(), dense=st.booleans(), symmetry=st.sampled_from(["symmetric", "general"]))
def test_matrix_market_is_read_as_scipy_reads_it(tmp_path_factory, graph, dense, symmetry):
    if not matrix_of(graph).any():
        return
    text = matrix_market(graph, "real", symmetry, dense)
    theirs = scipy.io.mmread(io.BytesIO(text))
    theirs = np.array(theirs if dense else theirs.toarray())
    np.fill_diagonal(theirs, 0)
    found = read(tmp_path_factory.mktemp("g"), "g.mtx", text)
    np.testing.assert_array_equal(graphs.adjacency(found).toarray(), theirs)
    assert optimum(found).value == pytest.approx(most_cut(theirs), rel=1e-12, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_one_graph_has_one_cut_in_every_format(tmp_path_factory, data):
    n = data.draw(st.integers(2, 9))
    graph = nx.gnp_random_graph(n, 0.6, seed=data.draw(st.integers(0, 10**6)))
    if not graph.number_of_edges():
        return
    tmp_path = tmp_path_factory.mktemp("g")
    texts = {
        "g": edge_list(graph), "g.txt": edge_list(graph), "g.gml": gml(graph), "g.graphml": graphml(graph),
        "g.col": dimacs(graph), "twice.col": dimacs(graph, "col", twice=True), "g.mtx": matrix_market(graph),
        "g.graph": metis(graph),
        "general.mtx": matrix_market(graph, "integer", "general"),
        "dense.mtx": matrix_market(graph, "integer", "symmetric", True),
        "whole.mtx": matrix_market(graph, "real", "general", True),
        # without a suffix that says so, by content
        "gml.txt": gml(graph), "graphml.txt": graphml(graph), "col.txt": dimacs(graph), "mtx.txt": matrix_market(graph),
    }  # fmt: skip
    best = most_cut(nx.to_numpy_array(graph))
    for name, text in texts.items():
        found = read(tmp_path, name, text)
        assert found.number_of_edges() == graph.number_of_edges() and optimum(found).value == best, name


def test_karate_club(tmp_path):
    """61 of its 78 edges (proved by HiGHS); 179 of a weight of 231."""
    for name, text in (
        ("k.gml", gml(KARATE)), ("k.graphml", graphml(KARATE)), ("k.col", dimacs(KARATE)), ("k.txt", edge_list(KARATE)),
        ("k.metis", metis(KARATE)),
    ):  # fmt: skip
        found = read(tmp_path, name, text)
        assert (len(found), found.number_of_edges()) == (34, 78)
        best = optimum(found, milp_seconds=60)
        assert (best.value, best.status) == (61, "exact")
        attributed = name in ("k.gml", "k.graphml")
        assert (
            graphs.remarks(found)
            == ["every edge counts 1; edge attributes not used: weight (--weight weight cuts by it)"] * attributed
        )
        if attributed:
            weighted = read(tmp_path, name, text, weight="weight")
            assert optimum(weighted, milp_seconds=60).value == 179 and graphs.remarks(weighted) == []


@pytest.mark.parametrize(("sign", "said"), [(-1, True), (1, False)])
def test_a_laplacian_is_said_to_have_no_cut(tmp_path, sign, said):
    """Its weights have the other sign: the best cut is 0, of a graph that has others."""
    ring = nx.cycle_graph(4)
    dense = sign * nx.to_numpy_array(ring) + 2 * np.eye(4)
    text = "%%MatrixMarket matrix array real general\n4 4\n" + "\n".join(f"{v:g}" for v in dense.T.ravel()) + "\n"
    remarks = graphs.remarks(read(tmp_path, "laplacian.mtx", text))
    assert any("no weight is above 0, the best cut is the empty one" in each for each in remarks) == said


def test_laplacian(tmp_path):
    text = f"{BANNER} coordinate real symmetric\n4 4 10\n" + "".join(
        f"{i} {j} {3 if i == j else 1}\n" for i in range(1, 5) for j in range(1, i + 1)
    )
    found = read(tmp_path, "laplacian.mtx", text)
    assert optimum(found).value == 4
    assert graphs.remarks(found) == ["entries on the diagonal, which never cross a cut, are left out: 4"]
    assert graphs.remarks(read(tmp_path, "g.txt", "2 2\n1 1 5\n1 2 1\n")) == [
        "entries from a node to itself (a diagonal), which never cross a cut, are left out: 1"
    ]


def test_dense_symmetric_matrix_by_hand(tmp_path):
    """Columns from the diagonal down: 1 and 2 joined by 1, 1 3 by 2, 2 3 by 3, 2 4 by 1, 3 4 by 2."""
    text = f"{BANNER} array real symmetric\n4 4\n0\n1\n2\n0\n0\n3\n1\n0\n2\n0\n"
    found = read(tmp_path, "dense.mtx", text)
    assert dict(((u + 1, v + 1), w) for u, v, w in found.edges(data="weight")) == {
        (1, 2): 1, (1, 3): 2, (2, 3): 3, (2, 4): 1, (3, 4): 2
    }  # fmt: skip
    assert optimum(found).value == 7  # {1, 2, 4} against {3}, and {1, 4, …} no better


GML_SPELLINGS = """Creator "somebody [ with # brackets ]"
Version 1
# comment [ with brackets
graph
[
  comment "edges first"
  directed 0
  edge [ source 7 target -3 Value 2.5 graphics [ type "line" Line [ point [ x 1 y 2 ] point [ x 3 y 4 ] ] ] ]
  edge [ target 07 source +12 Value -1E0 ]
  node [ id 7 label "a ""]
  node [ id -3 ] node [id 12 label "x"]
]
"""


@pytest.mark.parametrize("directed", [False, True])
def test_gml_edges_are_the_same_at_once_and_token_by_token(tmp_path, directed):
    """Plain edges are taken whole; a comment within has them read token by token."""
    edges = [(0, 1, 2.5), (1, 0, 2.5), (2, 1, -3), (1, 2, -3)][:: 1 if directed else 2]
    plain = "".join(f"edge [ source {i} target {j} w {w} at 0.5 ]\n" for i, j, w in edges)
    nodes = f"graph [ directed {directed:d} node [ id 0 ] node [ id 1 ] node [ id 2 ]\n"
    found = []
    for text in (plain, plain.replace("source", "#\nsource"), plain.replace("target", "# x\n target")):
        graph = read(tmp_path, "g.gml", f"{nodes}{text}]", weight="w")
        found.append((sorted(graph.edges(data="weight")), graphs.remarks(graph)))
    assert found[0] == found[1] == found[2] and found[0][0] == [(0, 1, 2.5), (1, 2, -3.0)]


def test_gml_spellings(tmp_path):
    found = read(tmp_path, "g.gml", GML_SPELLINGS.replace('"a "', '"a'), weight="Value")
    assert list(found.edges(data="weight")) == [(0, 1, 2.5), (0, 2, -1.0)]
    assert [label for _, label in found.nodes(data="label")] == ["a", "-3", "x"]
    assert graphs.remarks(read(tmp_path, "g.gml", GML_SPELLINGS.replace('"a "', '"a'))) == [
        "every edge counts 1; edge attributes not used: Value (--weight Value cuts by it)"
    ]


GRAPHML = """<?xml version="1.0" encoding="{encoding}"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
  <key id="k0" for="node" attr.name="weight" attr.type="string"><default>heavy</default></key>
  <key id="k1" for="edge" attr.name="cost" attr.type="double"><default>2</default></key>
  <graph edgedefault="undirected">
    <edge source="ä" target="&lt;b&gt;"><data key="k1"> 3.5 </data><data key="k9"><y:edge><y:node/></y:edge></data>
    </edge>
    <node id="ä"/><node id="&lt;b&gt;"><data key="k0">1</data></node><node id="c"/>
    <edge source="c" target="ä" directed="false"/>
  </graph>
</graphml>
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_graphml_spellings(tmp_path, encoding):
    text = GRAPHML.format(encoding=encoding).encode(encoding)
    for name in ("g.graphml", "g.xml", "g"):
        found = read(tmp_path, name, text, weight="cost")
        assert list(found.edges(data="weight")) == [(0, 1, 3.5), (0, 2, 2.0)]
        assert [label for _, label in found.nodes(data="label")] == ["ä", "<b>", "c"]


def test_dimacs_spellings(tmp_path):
    text = "c\nc p edge 1 1\np col 3 2\nn 1 5\nd 1 2\nv 3\nx 1\ne 1 2\ne 2 3 4.5\n"
    assert list(read(tmp_path, "g.col", text).edges(data="weight")) == [(0, 1, 1.0), (1, 2, 4.5)]
    arcs = "p max 3 4\nn 1 s\na 1 2 7\na 2 1 7\na 2 3 1\na 3 2 1\n"
    assert list(read(tmp_path, "g.max", arcs).edges(data="weight")) == [(0, 1, 7.0), (1, 2, 1.0)]
    twice = read(tmp_path, "g.col", "p edge 3 4\ne 1 2\ne 2 1\ne 2 3\ne 3 2\n")
    assert list(twice.edges) == [(0, 1), (1, 2)]
    assert graphs.remarks(twice) == ["every edge is given from both ends and counts once"]


def test_metis_spellings(tmp_path):
    """Sizes and weights of nodes are passed over, edges keep their weight, an empty line is a node without edges."""
    text = "% by hand\n\n4 3 111 2\n4 1 2  2 1.5 4 -2\n2 4 4  1 1.5 4 1\n% between\n1 1 1\n5 3 2  2 1 1 -2\n\n\n"
    found = read(tmp_path, "g.graph", text)
    assert list(found.edges(data="weight")) == [(0, 1, 1.5), (0, 3, -2.0), (1, 3, 1.0)] and len(found) == 4
    assert list(read(tmp_path, "g.metis", "3 1\n3\n\n1\n").edges) == [(0, 2)]
    weights = read(tmp_path, "w.graph", metis(nx.Graph(KARATE), weighted=True))
    assert optimum(weights, milp_seconds=60).value == 179
    long = nx.star_graph(2000)
    assert read(tmp_path, "long.graph", metis(long)).number_of_edges() == 2000
    arcs = graphs.read_graph(tmp_path / "g.metis", directed=True)
    assert sorted(arcs.edges) == [(0, 2), (2, 0)]


def test_an_odd_ring_may_be_an_edge_list_or_metis(tmp_path):
    """Both read it, as different graphs: it is said."""
    ring = nx.cycle_graph(5)
    as_list = read(tmp_path, "g.txt", metis(ring))
    assert not as_list.has_edge(0, 1) and "it could be METIS" in graphs.remarks(as_list)[0]
    assert nx.utils.graphs_equal(nx.Graph(read(tmp_path, "g.graph", metis(ring)).edges), nx.Graph(ring.edges))
    assert graphs.remarks(read(tmp_path, "g.txt", edge_list(ring))) == []


@pytest.mark.parametrize(("write", "name"), [(gml, "g.gml"), (graphml, "g.graphml")])
def test_directed_graphs(tmp_path, write, name):
    pairs = nx.DiGraph([("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")])
    assert list(read(tmp_path, name, write(pairs)).edges) == [(0, 1), (1, 2)]
    line = refused(tmp_path, name, write(nx.DiGraph([("a", "b"), ("b", "a"), ("b", "c")])))
    assert "edge b c is directed, without c b; a cut needs undirected edges" in line
    pairs["a"]["b"]["weight"], pairs["b"]["a"]["weight"] = 1, 2
    pairs["b"]["c"]["weight"] = pairs["c"]["b"]["weight"] = 3
    line = refused(tmp_path, name, write(pairs), weight="weight")
    assert "edge a b is directed, without b a with the same weight" in line
    line = refused(tmp_path, name, write(nx.MultiGraph([("a", "b"), ("b", "a"), ("b", "c")])))
    assert "edge a b again, first on line" in line


@pytest.mark.parametrize(("default", "own"), [("directed", "false"), ("undirected", "true")])
def test_what_graphml_edges_say_of_themselves_counts(tmp_path, default, own):
    """The default is for edges that say nothing; here none does."""
    pairs = [("a", "b"), ("b", "c")] + [("b", "a"), ("c", "b")] * (own == "true")
    lines = graphml(nx.Graph([("a", "b"), ("b", "c")])).replace('"undirected"', f'"{default}"').splitlines()
    at = next(k for k, line in enumerate(lines) if "<edge" in line)
    edges = [f'<edge source="{u}" target="{v}" directed="{own}"/>' for u, v in pairs]
    text = "\n".join([*lines[:at], *edges, "</graph></graphml>"])
    assert list(read(tmp_path, "g.graphml", text).edges) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("zero", ["1 3 0", "3 1 0.0", "3 1 -0"])
def test_zeros_that_a_matrix_writes_on_one_side_alone_are_as_none(tmp_path, zero):
    text = f"{BANNER} coordinate real general\n3 3 5\n1 2 1\n2 1 1\n2 3 2\n3 2 2\n{zero}\n"
    assert list(read(tmp_path, "g.mtx", text).edges(data="weight")) == [(0, 1, 1), (1, 2, 2)]


def test_weight_that_is_none(tmp_path):
    for name, text in (("g.gml", gml(KARATE)), ("g.graphml", graphml(KARATE))):
        assert "edge without the attribute 'mass' asked for; it has weight" in refused(
            tmp_path, name, text, weight="mass"
        )
    heavy = nx.Graph()
    heavy.add_edge("a", "b", mass="heavy", cost=float("inf"))
    for name, write in (("g.gml", gml), ("g.graphml", graphml)):
        assert "weight 'heavy', allowed finite numbers" in refused(tmp_path, name, write(heavy), weight="mass")
        assert "allowed finite numbers" in refused(tmp_path, name, write(heavy), weight="cost")
    line = refused(tmp_path, "g.txt", "2 1\n1 2 1\n", weight="mass")
    assert "weight 'mass' names an edge attribute of GML or GraphML" in line


def test_large_graphs_are_refused_while_they_are_read(tmp_path):
    many = nx.empty_graph(1001)
    many.add_edge(0, 1)
    for name, text in (("g.gml", gml(many)), ("g.graphml", graphml(many))):
        assert "more nodes than 1000" in refused(tmp_path, name, text, max_nodes=1000)
        assert len(read(tmp_path, name, text)) == 1001
    assert ":2: 1001 nodes, allowed 1 to 1000" in refused(tmp_path, "g.col", dimacs(many), max_nodes=1000)
    with pytest.raises(InputError, match="2 nodes, allowed 1 to 1"):
        read(tmp_path, "g.mtx", f"{BANNER} array real symmetric\n2 2\n0\n1\n0\n", max_nodes=1)


ARCS = {
    "g.max": "p max 3 3\na 1 2 7\na 2 1 7\na 3 2 1.5\n",
    "g.mtx": "%%MatrixMarket matrix coordinate real general\n3 3 3\n1 2 7\n2 1 7\n3 2 1.5\n",
    "d.mtx": "%%MatrixMarket matrix array real general\n3 3\n0 7 0\n7 0 1.5\n0 0 0\n",
    "g.gml": "graph [ directed 1 node [ id 1 ] node [ id 2 ] node [ id 3 ]"
    + "".join(f" edge [ source {i} target {j} w {w} ]" for i, j, w in ((1, 2, 7), (2, 1, 7), (3, 2, 1.5))) + " ]",
    "g.graphml": "<graphml><graph edgedefault='directed'><node id='1'/><node id='2'/><node id='3'/>"
    + "".join(f"<edge source='{i}' target='{j}'><data key='w'>{w}</data></edge>"
              for i, j, w in ((1, 2, 7), (2, 1, 7), (3, 2, 1.5))) + "</graph></graphml>",
}  # fmt: skip


@pytest.mark.parametrize("name", ARCS)
def test_arcs_keep_their_direction_where_it_is_asked_for(tmp_path, name):
    """One pair each way and a lone arc, 3 to 2: refused for a cut, which has no use for directions."""
    weight = {"weight": "w"} if name.endswith("ml") else {}
    found = read(tmp_path, name, ARCS[name], directed=True, **weight)
    assert sorted(found.edges(data="weight")) == [(0, 1, 7.0), (1, 0, 7.0), (2, 1, 1.5)]
    assert "3 2" in refused(tmp_path, name, ARCS[name], **weight)


@pytest.mark.parametrize(
    ("what", "found"), [("", 2.5), (" for='all'", 2.5), (" for='edge'", 2.5), (" for='node'", None)]
)
def test_graphml_keys_without_for_are_of_edges_too(tmp_path, what, found):
    text = (
        f"<graphml><key id='d0' attr.name='w'{what}/><graph><node id='a'/><node id='b'/>"
        "<edge source='a' target='b'><data key='d0'>2.5</data></edge></graph></graphml>"
    )
    if found is None:
        assert "without the attribute 'w'" in refused(tmp_path, "g.graphml", text, weight="w")
    else:
        assert list(read(tmp_path, "g.graphml", text, weight="w").edges(data="weight")) == [(0, 1, found)]
