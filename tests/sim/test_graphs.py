import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from hwlib.errors import InputError
from sim.tasks import graphs

TRIANGLE = "3 3\n1 2 1\n1 3 -2.5\n2 3 4\n"
MM = "%%MatrixMarket matrix coordinate real"


def read(tmp_path, text):
    path = tmp_path / "g.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return graphs.read_graph(path)


def test_edge_list(tmp_path):
    graph = read(tmp_path, "# a comment\n" + TRIANGLE)
    assert list(graph.edges(data="weight")) == [(0, 1, 1.0), (0, 2, -2.5), (1, 2, 4.0)]


def test_weights_are_optional_and_isolated_nodes_stay(tmp_path):
    graph = read(tmp_path, "4 1\n2 4\n")
    assert graph.number_of_nodes() == 4 and list(graph.edges(data="weight")) == [(1, 3, 1.0)]


@pytest.mark.parametrize("suffix", [".txt", ".mtx"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_written_graphs_read_back(tmp_path_factory, suffix, data):
    n = data.draw(st.integers(2, 12))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = data.draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    weight = st.floats(-1e6, 1e6).filter(lambda w: abs(w) > 1e-9)
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from((i, j, {"weight": data.draw(weight)}) for i, j in chosen)
    path = graphs.write_graph(graph, tmp_path_factory.mktemp("g") / f"g{suffix}")
    again = graphs.read_graph(path)
    assert (graphs.adjacency(again) != graphs.adjacency(graph)).nnz == 0
    if suffix == ".mtx":
        assert abs(scipy.io.mmread(path) - graphs.adjacency(graph)).max() == 0


def test_matrix_market_of_scipy(tmp_path):
    matrix = sp.coo_array(np.array([[0, 2, 0], [2, 0, -1.5], [0, -1.5, 0]]))
    for symmetry in ("symmetric", "general"):
        path = tmp_path / f"{symmetry}.mtx"
        scipy.io.mmwrite(path, matrix, symmetry=symmetry)
        assert abs(graphs.adjacency(graphs.read_graph(path)) - matrix).max() == 0


def test_matrix_market_pattern(tmp_path):
    graph = read(tmp_path, "%%MatrixMarket matrix coordinate pattern symmetric\n% by hand\n3 3 2\n2 1\n3 2\n")
    assert sorted(graph.edges) == [(0, 1), (1, 2)]


BAD = [
    ("", ":1: empty"),
    ("\n\n", ":1: empty"),
    ("60\n1 2 1\n", ":1: found '60', allowed 'nodes edges'"),
    ("3 x\n", ":1: found"),
    ("-3 3\n", ":1: found"),
    ("0 3\n", ":1: 0 nodes, allowed 1 to 20000"),
    ("99999999 3\n", "99999999 nodes, allowed"),
    ("1" * 30 + " 3\n", "too large"),
    ("5000 10000000\n", ":1: 10000000 edges, allowed 1 to 1000000"),
    ("3 2\n1 2 1\n0 3 1\n", ":3: node '0', allowed 1 to 3"),
    ("3 2\n1 2 1\n-1 3 1\n", ":3: node '-1', allowed 1 to 3"),
    ("3 2\n1 2 1\n1 4 1\n", ":3: node '4', allowed 1 to 3"),
    ("3 2\n1 2 1\n1.5 3 1\n", ":3: node '1.5'"),
    ("3 2\n1 2 1\n1 3 nan\n", ":3: weight 'nan', allowed finite"),
    ("3 2\n1 2 1\n1 3 inf\n", ":3: weight 'inf'"),
    ("3 2\n1 2 1\n1 3 heavy\n", ":3: weight 'heavy'"),
    ("3 1\n2 2 1\n", ":2: no edge joins two different nodes"),
    ("3 2\n1 2 1\n2 1 1\n", ":3: edge 2 1 again, first on line 2"),
    ("3 3\n1 2 1\n2 3 1\n", ":3: ends after 2 edges, the header declares 3"),
    ("3 1\n1 2 1\n2 3 1\n", ":3: more edges than the 1"),
    ("3 1\n1 ٢ 1\n", ":2: node '٢', allowed 1 to 3"),
    ("11 1\n1 1_0 1\n", ":2: node '1_0', allowed 1 to 11"),
    ("3 1\n1 2 1_0\n", ":2: weight '1_0'"),
    ("3 2\n1 2 0\n1 3 0.0\n", ":3: all weights are 0"),
    ("3 1\n1 2 1 7\n", ":2: found '1 2 1 7', allowed 'i j'"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", ":1: not UTF-8 text but PNG"),
    (b"3 1\n\x00\x00\x00", ":2: not a graph file"),
    ("3 1\n" + "1 2 " * 2000, ":2: not a graph file (binary data or an endless line)"),
    (
        MM + " skew-symmetric\n2 2 1\n2 1 1\n",
        ":1: header says 'real skew-symmetric', allowed real, integer, pattern and symmetric, general",
    ),
    ("%%MatrixMarket matrix array real general\n", ":1: ends after its header, 'rows columns' must follow"),
    (MM + " symmetric\n", ":1: ends after its header"),
    (MM + " symmetric\n2 3 1\n2 1 1\n", ":2: 2 rows and 3 columns"),
    (MM + " symmetric\n2 2 1\n2 1\n", ":3: found '2 1', allowed 'i j weight'"),
    (MM + " general\n2 2 2\n2 1 1\n1 2 3\n", ":3: entry 2 1 without an equal 1 2"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_bad_files_get_one_clear_line(tmp_path, text, words):
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert words in str(error.value) and "g.txt" in str(error.value) and "\n" not in str(error.value)


def test_larger_graphs_are_refused_at_their_header(tmp_path):
    path = tmp_path / "g.txt"
    path.write_text("1001 1\n1 2 1\n")
    assert graphs.read_graph(path).number_of_nodes() == 1001
    with pytest.raises(InputError, match=r":1: 1001 nodes, allowed 1 to 1000"):
        graphs.read_graph(path, max_nodes=1000)
    path.write_text("%%MatrixMarket matrix coordinate pattern symmetric\n1001 1001 1\n2 1\n")
    with pytest.raises(InputError, match=r":2: 1001 nodes, allowed 1 to 1000"):
        graphs.read_graph(path, max_nodes=1000)


def test_byte_order_mark(tmp_path):
    assert list(read(tmp_path, b"\xef\xbb\xbf2 1\n1 2 1\n").edges) == [(0, 1)]


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such graph file"):
        graphs.read_graph(tmp_path / "none")
    with pytest.raises(InputError, match="cannot read graph file"):
        graphs.read_graph(tmp_path)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (nx.DiGraph([(0, 1)]), "not symmetric; a cut needs undirected edges"),
        (nx.DiGraph([(0, 1, {"weight": 1}), (1, 0, {"weight": 2})]), "not symmetric"),
        (nx.MultiGraph([(0, 1), (0, 1)]), "parallel edges"),
        (nx.MultiGraph([(0, 1), (1, 0)]), "parallel edges"),
        (nx.MultiDiGraph([(0, 1), (0, 1), (1, 0)]), "parallel edges"),
        (nx.Graph(), "0 nodes"),
        (nx.empty_graph(3), "no edge"),
        (nx.Graph([(0, 0)]), "no edge"),
        (nx.Graph([(0, 1, {"weight": "heavy"})]), "finite"),
        (nx.Graph([(0, 1, {"weight": float("inf")})]), "finite"),
        (nx.Graph([(0, 1, {"weight": 1j})]), "finite"),
        (np.array([[0, 1j], [1j, 0]]), "complex128"),
        (sp.csr_array(np.array([[0, 1j], [1j, 0]])), "complex128"),
        (np.array([["a", "b"], ["b", "a"]]), "needs real numbers"),
        ([[0, 1], [1]], "square array"),
        (np.zeros(4), "shape (4,)"),
        (np.zeros((2, 2, 2)), "shape (2, 2, 2)"),
        ("karate.txt", "needs real numbers"),
        (None, "needs real numbers"),
        (np.ones((2, 3)), "shape (2, 3)"),
        (np.array([[0, 1.0], [2.0, 0]]), "not symmetric"),
        (np.array([[0, np.nan], [np.nan, 0]]), "finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:graph. .* on the diagonal")
def test_bad_graphs_in_memory(graph, words):
    with pytest.raises(InputError) as error:
        graphs.adjacency(graph)
    assert words in str(error.value)


def test_any_node_names():
    graph = nx.Graph()
    graph.add_edge("b", "a", weight=2.0)
    assert graphs.adjacency(graph).toarray().tolist() == [[0, 2], [2, 0]]


@pytest.mark.parametrize(
    "graph",
    [
        nx.DiGraph([(0, 1), (1, 0), (1, 2), (2, 1)]),
        nx.MultiGraph([(0, 1), (1, 2)]),
        nx.MultiDiGraph([(0, 1), (1, 0), (1, 2), (2, 1)]),
        sp.coo_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])),
        sp.lil_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)),
        sp.dia_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.int8)),
        [[0, 1, 0], [1, 0, 1], [0, 1, 0]],
        np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.uint64),
    ],
)
def test_graphs_in_memory(graph, tmp_path):
    wanted = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert graphs.adjacency(graph).toarray().tolist() == wanted
    if isinstance(graph, nx.Graph):
        assert graphs.adjacency(read_back(graph, tmp_path)).toarray().tolist() == wanted


def read_back(graph, tmp_path):
    return graphs.read_graph(graphs.write_graph(graph, tmp_path / "g.mtx"))


@pytest.mark.parametrize(
    ("largest", "unit"), [(1, 1), (1e6, 1), (1e6 + 1, 2**9), (2.0**30, 2**20), (0.99, 2**-11), (2.0**-40, 2**-50)]
)
def test_unit_of_weight_is_one_up_to_a_million_else_a_power_of_two(largest, unit):
    assert graphs.weight_unit(graphs.adjacency([[0, -largest], [-largest, 0]])) == unit


def test_diagonal_in_memory_is_left_out_with_a_warning(tmp_path):
    laplacian = nx.laplacian_matrix(nx.complete_graph(4))
    looped = nx.complete_graph(4)
    looped.add_edge(2, 2, weight=5.0)
    for graph in (laplacian, laplacian.toarray(), looped):
        with pytest.warns(UserWarning, match="on the diagonal, which never cross a cut, are left out"):
            matrix = graphs.adjacency(graph)
        assert not matrix.diagonal().any() and matrix.nnz == 12
    with pytest.warns(UserWarning, match="graph: 1 entries"):
        assert read_back(looped, tmp_path).number_of_edges() == 6
