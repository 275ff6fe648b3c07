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

KARATE = nx.karate_club_graph()
BANNER = "%%MatrixMarket matrix"


def read(tmp_path, name, text, **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return graphs.read_graph(path, **options)


def refused(tmp_path, name, text, **options):
    with pytest.raises(InputError) as error:
        read(tmp_path, name, text, **options)
    line = str(error.value)
    assert name in line and "\n" not in line and len(line) <= 200
    return line.removeprefix(str(tmp_path / name))


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


def node(k, more=""):
    return f"node [ id {k} {more} ]\n"


def element(inner, default="undirected"):
    return f'<graphml>\n<graph edgedefault="{default}">\n{inner}\n</graph>\n</graphml>'


ONE_EDGE = '<node id="a"/><node id="b"/>\n<edge source="a" target="b"/>'
READ = "; formats read: rudy/Gset, Matrix Market, DIMACS, METIS, GML, GraphML"
DTD = '<!DOCTYPE graphml [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>\n'
BAD = [
    # other formats, by suffix or content
    ("g.json", '{"nodes": []}', ":1: found '{\"nodes\": []}', which looks like JSON" + READ),
    ("g.txt", "a,b\n1,2\n", ":1: found 'a,b', which looks like CSV" + READ),
    ("g.net", '\ufeff*Vertices 2\n1 "a"\n2 "b"\n*Edges\n', ":1: found '*Vertices 2', which looks like Pajek" + READ),
    ("g.gw", "# by LEDA\nLEDA.GRAPH\nvoid\nvoid\n-2\n", ":2: found 'LEDA.GRAPH', which looks like LEDA" + READ),
    ("g.dot", "strict graph G {\n 1 -- 2\n}\n", ":1: found 'strict graph G {', which looks like Graphviz DOT" + READ),
    ("g.dl", "dl n=2 format=edgelist1\ndata:\n1 2\n", "which looks like UCINET DL" + READ),
    ("g.g6", ">>graph6<<Bw\n", ":1: found '>>graph6<<Bw', which looks like graph6" + READ),
    ("g.tsp", "NAME: burma14\nTYPE: TSP\n", ":1: found 'NAME: burma14', which looks like TSPLIB" + READ),
    ("g.gexf", "<gexf xmlns='http://gexf.net/1.3'/>", ":1: XML begins with <gexf>, not <graphml>" + READ),
    ("g.txt", "0 1 1\n1 0 1\n1 1 0\n", ":1: found '0 1 1', allowed 'nodes edges' in whole numbers" + READ),
    ("g.png", b"\x89PNG\r\n", ":1: not a text file" + READ),
    ("g", "", ":1: empty" + READ),
    ("g.col", "3 2\n1 2\n", ":1: found '3 2', DIMACS lines begin with c, p, e or a" + READ),
    ("g.gml", "3 2\n1 2\n", ":1: no 'graph [' as in GML" + READ),
    ("g.graphml", "3 2\n1 2\n", ":1: not well-formed XML (syntax error)" + READ),
    ("g.mtx", "3 2\n1 2\n", ":1: header '3 2', Matrix Market begins with %%MatrixMarket (two %)" + READ),
    ("g.mtx", "", ":1: header '', Matrix Market begins"),
    ("g.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", ":1: XML begins with <svg>, not <graphml>" + READ),
    # headers
    ("g.mtx", "%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n2 1\n", ":1: header '%MatrixMarket matrix"),
    ("g.txt", "% MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n2 1\n", "begins with %%MatrixMarket (two %)"),
    ("g.mtx", f"{BANNER} coordinate complex hermitian\n2 2 1\n2 1 1 0\n", ":1: header says 'complex hermitian'"),
    ("g.mtx", f"{BANNER} array pattern general\n2 2\n", ":1: header says 'pattern general', allowed real, integer"),
    ("g.mtx", f"{BANNER} vector real general\n2 2\n", ":1: header '%%MatrixMarket matrix vector"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n3 3\n2 1 1\n", ":2: found '3 3', allowed 'rows columns entries'"),
    ("g.mtx", f"{BANNER} array real symmetric\n2 2 1\n", ":2: found '2 2 1', allowed 'rows columns'"),
    ("g.mtx", f"{BANNER} array real symmetric\n20000 20000\n", ":2: dense matrix of 20000 nodes has more than"),
    ("g.mtx", f"{BANNER} array real symmetric\n2 2\n0\n1\n", ":4: ends after 2 values, a symmetric matrix of 2 rows"),
    ("g.mtx", f"{BANNER} array real symmetric\n2 2\n", ":2: ends after 0 values"),
    ("g.mtx", f"{BANNER} array real symmetric\n2 2\n0\n1\n0\n0\n", ":6: more values than the 3"),
    ("g.mtx", f"{BANNER} array real general\n2 2\n0\n1\n2\n0\n", ":4: entry 2 1 without an equal 1 2"),
    ("g.mtx", f"{BANNER} array real symmetric\n2 2\n0\nnan\n0\n", ":4: weight 'nan', allowed finite"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n", ":1: ends after its header, 'rows columns entries' must follow"),
    ("g.mtx", f"{BANNER} array real symmetric\n", ":1: ends after its header, 'rows columns' must follow"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n2 2 1\n2 1\n", ":3: found '2 1', allowed 'i j weight'"),
    ("g.mtx", f"{BANNER} coordinate pattern symmetric\n2 2 1\n2\n", ":3: found '2', allowed 'i j'"),
    ("g.txt", "3 2\n", ":1: ends after 0 edges, the header declares 2"),
    ("g.txt", "3 2\n1 2\n", ":2: ends after 1 edges, the header declares 2"),
    ("g.txt", "3 1\n1 2\n2 3\n", ":3: more edges than the 1 the header declares"),
    ("g.txt", "3 2\n1 2\n2 1\n", ":3: edge 2 1 again, first on line 2"),
    ("g.txt", "3 2\n1 2\n2\0 3\n", ":3: not a graph file (binary data or an endless line)"),
    ("g.txt", "4 0\n", ":1: 0 edges, allowed 1 to 1000000"),
    ("g.txt", "4 5000000\n", ":1: 5000000 edges, allowed 1 to 1000000"),
    ("g.txt", "4 99999999999999999999\n", ":1: nodes edges '4 99999999999999999999' is too large"),
    ("g.txt", "1 2\n1 3\n", ":2: node '3', allowed 1 to 1, as the header says"),
    ("g.col", "p edge 3\n", ":1: header 'p edge 3', allowed 'p edge nodes edges' with edge, edges, col, cut, max, sp"),
    ("g.col", "p tw 3 1\n1 2\n", ":1: header 'p tw 3 1', allowed"),
    ("g.col", "p edge x 1\n", ":1: found 'p edge x 1', allowed 'nodes edges'"),
    ("g.col", "c nothing\n", ":1: no header 'p edge nodes edges'"),
    ("g.col", "e 1 2\np edge 2 1\n", ":1: found 'e 1 2' before the header"),
    ("g.col", "p edge 2 1\np edge 2 1\n", ":2: a second problem line"),
    ("g.col", "p edge 2 2\ne 1 2\n", ":2: ends after 1 edges, the header declares 2"),
    ("g.col", "p edge 2 1\ne 1 2\ne 2 1\n", ":3: more edges than the 1 the header declares"),
    # edges
    ("g.col", "p edge 2 2\ne 1 2\ne 1 2\n", ":3: edge 1 2 again, first on line 2"),
    ("g.col", "p edge 3 3\ne 1 2\ne 2 1\ne 2 3\n", ":4: edge 2 3 is given from both ends, as others are, without 3 2"),
    ("g.col", "p edge 3 2\ne 1 2 3\ne 2 1 4\n", ":2: edge 1 2 is given from both ends, as others are, without 2 1"),
    ("g.col", "p edge 3 1\ne 0 2\n", ":2: node '0', allowed 1 to 3"),
    ("g.col", "p edge 3 1\ne 1 2 inf\n", ":2: weight 'inf'"),
    ("g.col", "p edge 3 1\ne 1\n", ":2: found 'e 1', allowed 'e i j' or 'e i j weight'"),
    ("g.max", "p max 3 1\na 1 2\n", ":2: found 'a 1 2', allowed 'a i j weight'"),
    ("g.max", "p max 3 1\na 1 2 3\n", ":2: arc 1 2 is directed, without 2 1; a cut needs undirected edges"),
    ("g.max", "p max 3 2\na 1 2 3\ne 1 2\n", ":3: edges (e) and arcs (a) in one file"),
    # METIS
    ("g.txt", "4 4\n2 4\n1 3\n2 4\n1 3\n", ":1: this is no edge list but a METIS file"),
    ("g", "3 2 001\n2 5 3 6\n1 5\n1 6\n", ":1: this is no edge list but a METIS file"),
    ("g.graph", "", ":1: found '', allowed 'nodes edges' in whole numbers" + READ),
    ("g.graph", "3 2 7\n2 3\n1\n1\n", ":1: header '3 2 7', allowed 'nodes edges [fmt [ncon]]' with fmt as 1 or 011"),
    ("g.graph", "3 2 1 1 1\n2 3\n1\n1\n", ":1: header '3 2 1 1 1', allowed 'nodes edges"),
    ("g.graph", "3 2 11 99\n2 3\n1\n1\n", ":1: header '3 2 11 99', allowed 1 to 20 weights of a node"),
    ("g.graph", "3 2\n2 3\n1\n", ":3: ends after 2 nodes, the header declares 3"),
    ("g.graph", "3 2\n2 3\n1\n1\n2\n", ":5: more lines than the 3 nodes"),
    ("g.graph", "3 1\n2 3\n1\n1\n", ":4: 4 neighbours in all, the header's 1 edges make 2"),
    ("g.graph", "3 2\n2 3\n1 3\n\n", ":2: edge 1 3 is directed, without 3 1"),
    ("g.graph", "3 2\n2 2\n1\n1\n", ":2: edge 1 2 again, first on line 2"),
    ("g.graph", "3 2\n1 2\n1\n1\n", ":2: node 1 is its own neighbour"),
    ("g.graph", "3 2\n2 4\n1\n1\n", ":2: node '4', allowed 1 to 3, as the header says"),
    ("g.graph", "3 2 1\n2 4 3 6\n1 5\n1 6\n", ":2: edge 1 2 is directed, without 2 1 with the same weight"),
    ("g.graph", "3 2 1\n2 3 1\n1 5\n1 6\n", ":2: found '2 3 1', allowed 'neighbour weight …', as the header says"),
    ("g.graph", "3 2 1\n2 nan 3 1\n1 5\n1 6\n", ":2: weight 'nan', allowed finite"),
    ("g.graph", "3 2 110\n1\n1\n1\n", ":2: found '1', allowed '2 numbers and …', as the header says"),
    ("g.graph", "2000000 1\n", ":1: 2000000 nodes, allowed 1 to 20000"),
    # GML
    ("g.gml", "graph [ ]", ":1: no node"),
    ("g.gml", "graph [\n" + node(1) + "node [ ] ]", ":3: node without id"),
    ("g.gml", "graph [\n" + node(1) + node("1") + "]", ":3: node id '1' again"),
    ("g.gml", "graph [\n" + node(1) + "edge [ source 1 ] ]", ":3: edge without source and target"),
    ("g.gml", "graph [\n" + node(1) + "edge [ source 1 target 2 ] ]", ":3: edge to '2', no node has this id"),
    ("g.gml", "graph [\n" + node(1) + "\n\n", ":1: 'graph' opens a list that the file does not close"),
    ("g.gml", "graph [\n" + node(1) + "] ]", ":3: ']' closes nothing"),
    ("g.gml", "graph [\n" + node(1) + '"text" ]', ":3: found '\"text\" ]', allowed 'key value' or a bracket"),
    ("g.gml", "graph [\n" + node(1, 'label "open') + "]", ":2: found "),
    ("g.gml", "graph [\n" + node(1) + "]\ngraph [ ]", ":4: a second graph"),
    ("g.gml", "graph [ directed 2 ]", ":1: directed '2', allowed 0 and 1"),
    ("g.gml", "graph [ " + "a [ " * 1000 + "] " * 1001, ":1: lists nested deeper than 100"),
    ("g.gml", b"graph [\n\xff ]", ":2: not a text file"),
    ("g.gml", "graph [ " + node(1) + node(2) + "edge [ source 1 target 1 ] ]", ":3: no edge joins two different nodes"),
    # GraphML
    ("g.graphml", "<graphml></graphml>", ":1: no <node> in a <graph>"),
    ("g.graphml", element('<node id="a"/><node/>'), ":3: node without id"),
    ("g.graphml", element('<node id="a"/>\n<node id="a"/>'), ":4: node id 'a' again"),
    ("g.graphml", element('<node id="a"/><edge source="a"/>'), ":3: edge without source and target"),
    ("g.graphml", element(ONE_EDGE + '\n<edge source="a" target="c"/>'), ":5: edge to 'c', no node has this id"),
    ("g.graphml", element(ONE_EDGE, "both"), ":2: edgedefault 'both', allowed directed and undirected"),
    ("g.graphml", element(ONE_EDGE, "directed"), ":4: edge a b is directed, without b a"),
    ("g.graphml", element(ONE_EDGE.replace("/>", ' directed="true"/>')), ":4: directed and undirected edges in one"),
    ("g.graphml", element(ONE_EDGE + '\n<hyperedge/>'), ":5: <hyperedge>; read are edges of two nodes"),
    ("g.graphml", element('<node id="a"><graph/></node>'), ":3: <graph> in <node>; read is one graph"),
    ("g.graphml", "<graphml><graph/><graph/></graphml>", ":1: a second graph"),
    ("g.graphml", "<graphml>" + "<a>" * 1000, ":1: elements nested deeper than 100"),
    ("g.graphml", "<graphml><graph>\n", ":2: not well-formed XML (no element found)"),
    ("g.html", "<!DOCTYPE html><html>404</html>", "GraphML needs none; formats read: rudy/Gset"),
    ("g.graphml", DTD + element('<node id="&b;"/>'), ":1: declares a document type"),
    ("g.graphml", '<!DOCTYPE graphml SYSTEM "/etc/passwd">\n' + element(ONE_EDGE), ":1: declares a document type"),
    ("g.graphml", "<?xml version='1.0' encoding='utf-7'?><graphml/>", ":1: XML in an encoding that cannot be read"),
    ("g.graphml", "<?xml version='1.0' encoding='klingon'?><graphml/>", ":1: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), BAD)
def test_bad_files_get_one_clear_line(tmp_path, name, text, words):
    assert words in refused(tmp_path, name, text)


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
