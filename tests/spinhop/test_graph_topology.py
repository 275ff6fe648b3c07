"""A topology from a graph file is that of its list of axons: schematic, drawing and run folder; other readers agree."""

from __future__ import annotations

import io
import json
import warnings

import klayout.db as kdb
import networkx as nx
import numpy as np
import pytest
import scipy.io

import layouts
from hwlib import graph_reader
from hwlib.checks import drc, lvs
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from spinhop import characterise
from spinhop.cli import main
from spinhop.run_folder.inputs import inputs_hash, write_inputs
from spinhop.study.sweep_runner import sweep

ARCS = [(0, 1), (1, 0), (1, 2), (2, 3), (3, 1), (0, 3)]
EDGES = [(0, 2), (1, 2), (2, 3)]
UNDIRECTED = [*EDGES, *((v, u) for u, v in EDGES)]


def matrix_market(graph: nx.Graph, symmetry: str, *, dense: bool = False) -> bytes:
    matrix, stream = nx.to_scipy_sparse_array(graph, range(4), format="coo"), io.BytesIO()
    scipy.io.mmwrite(stream, matrix.toarray() if dense else matrix, symmetry=symmetry)
    return stream.getvalue()


def directed() -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(4))
    graph.add_edges_from(ARCS)
    return graph


FILES = {
    "arcs.gml": ("\n".join(nx.generate_gml(directed())), ARCS),
    "arcs.graphml": ("\n".join(nx.generate_graphml(directed())), ARCS),
    "arcs.mtx": (matrix_market(directed(), "general"), ARCS),
    "dense.mtx": (matrix_market(directed(), "general", dense=True), ARCS),
    "arcs.col": ("p sp 4 7\n" + "".join(f"a {u + 1} {v + 1} -2\n" for u, v in ARCS) + "a 4 1 0\n", ARCS),
    "edges.txt": ("4 4\n1 3 7\n2 3 -1\n3 4 1\n1 2 0\n", UNDIRECTED),  # an edge of weight 0 is no axon
    "edges.gml": ("\n".join(nx.generate_gml(nx.Graph(sorted(EDGES)))), None),
    "edges.mtx": (matrix_market(nx.Graph(EDGES), "symmetric"), UNDIRECTED),
    "both.col": ("p edge 4 6\n" + "".join(f"e {u + 1} {v + 1}\n" for u, v in UNDIRECTED), UNDIRECTED),
}


def written(folder, name: str, text: str | bytes, network: str = "") -> Design:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    path = folder / "d.yaml"
    path.write_text(f"name: d\nnetwork:\n  topology: {{graph: {name}}}\n{network}")
    return load_design(path)


def listed(axons, **network) -> Design:
    return Design(name="d", network={"neurons": 4, "topology": {"axons": axons}, **network})


def networkx_axons(name: str, text: str | bytes) -> list[tuple[int, int]]:
    """Read by networkx, nodes numbered as they stand in the file."""
    assert isinstance(text, str)
    graph = nx.parse_gml(text) if name.endswith("gml") and "<" not in text else nx.parse_graphml(text)
    number = {node: k for k, node in enumerate(graph)}
    return [(number[u], number[v]) for u, v in graph.to_directed().edges]


def assert_equal_networks(one: Network, other: Network) -> None:
    assert one.net_names == other.net_names
    for field in ("post", "pre", "terminals", "node_net", "resistor_ohm"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize("name", FILES)
def test_a_graph_file_gives_the_axons_of_its_edges(name, tmp_path):
    text, axons = FILES[name]
    axons = axons or networkx_axons(name, text)
    if name in ("arcs.gml", "arcs.graphml"):
        assert sorted(networkx_axons(name, text)) == sorted(axons)
    design = written(tmp_path, name, text)
    assert design.network.neurons == 4
    assert np.argwhere(design.topology.joined.T).tolist() == sorted(map(list, axons))
    same = listed(axons)
    process = design.load_process()
    assert np.array_equal(weight_levels(design), weight_levels(same))
    assert_equal_networks(ideal_network(design, process), ideal_network(same, process))


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_drawn_it_is_clean_and_the_network_of_its_axons(style, tmp_path):
    design = written(tmp_path, "g.gml", FILES["arcs.gml"][0], f"  weight_style: {style}\n")
    process, drawn = design.load_process(), []
    for each in (design, listed(ARCS, weight_style=style)):
        path = layouts.write_layout(layouts.hopfield(each, process), tmp_path / f"{len(drawn)}.oas")
        assert [f for f in drc(path, process) + lvs(path, process, each, topology=True) if f.severity == "error"] == []
        drawn.append(extract(path, process, each))
    assert_equal_networks(*drawn)


@pytest.mark.parametrize("axons", [None, ARCS])
def test_every_weight_line_drawn_is_a_synapse(axons, tmp_path):
    """Wires on m3: rows' dendrites and V_DW, a trunk of ground at either foot, and a line an axon: nothing bare."""
    topology = {} if axons is None else {"axons": axons}
    design = Design(name="d", network={"neurons": 4, "weight_style": "lines", "topology": topology})
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path / "d.oas")
    layout = kdb.Layout()
    layout.read(str(path))
    m3 = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*process.layers["m3"].gds))).merged()
    assert m3.count() == 2 * 4 + 2 + design.topology.axons


def test_a_run_folder_has_a_copy_and_the_resolved_design_reads_it(tmp_path, monkeypatch):
    opened, graph_file = [], graph_reader.GraphFile
    monkeypatch.setattr(graph_reader, "GraphFile", lambda *given: (opened.append(given[0]), graph_file(*given))[1])
    design = written(tmp_path, "g.mtx", FILES["arcs.mtx"][0])
    run = tmp_path / "run"
    resolved = write_inputs(run, tmp_path / "d.yaml", design, design.load_process())
    assert len(resolved.weight_levels()) == resolved.topology.neurons == 4 and len(opened) == 1  # read once
    assert (run / "input" / "g.mtx").read_bytes() == FILES["arcs.mtx"][0]
    read = load_design(run / "design.yaml")
    assert resolved.model_dump(mode="json") == read.model_dump(mode="json")
    assert np.array_equal(resolved.topology.joined, read.topology.joined)
    before = inputs_hash(run, read)
    (run / "input" / "g.mtx").write_bytes(FILES["dense.mtx"][0])
    assert inputs_hash(run, read) != before
    write_inputs(tmp_path / "listed", None, listed(ARCS), design.load_process())  # without the kind that it is not
    assert load_design(tmp_path / "listed" / "design.yaml").topology.axons == len(ARCS)


@pytest.mark.parametrize(
    ("network", "text", "says"),
    [
        ("neurons: 5\n  topology: {graph: g.txt}", "4 1\n1 2\n", "network.neurons: 5, but the graph of axons has 4"),
        ("topology: {graph: g.txt, kind: all-to-all}", "4 1\n1 2\n", ":3: network.topology: give one of kind, axons"),
        ("topology: {graph: g.txt, axons: [[0, 1]]}", "4 1\n1 2\n", ":3: network.topology: give one of kind, axons"),
        ("topology: {graph: g.txt}", "4 1\n1 5\n", "network.topology.graph: g.txt:2: node '5', allowed 1 to 4"),
        ("topology: {graph: g.txt}", "4 1\n2 2\n", "g.txt:2: edge 2 2 from a node to itself"),
        ("topology: {graph: g.txt}", "4 1\n1 2 0\n", "g.txt:2: all weights are 0"),
        ("topology: {graph: g.txt}", "1001 1\n1 2\n", "g.txt:1: 1001 nodes, allowed 1 to 1000"),
        ("weight_style: lines\n  topology: {graph: g.txt}", "257 1\n1 2\n", "lines is limited to 256 neurons"),
        ("topology: {graph: h.txt}", "", "h.txt: no such graph file"),
        ("topology: {graph: ../g.txt}", "", "leaves its folder"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(network, text, says, tmp_path, capsys):
    (tmp_path / "g.txt").write_text(text)
    (tmp_path / "d.yaml").write_text(f"name: d\nnetwork:\n  {network}\n")
    with pytest.raises(SystemExit) as exit:
        main(["layout", str(tmp_path / "d.yaml"), "--out", str(tmp_path / "run")])
    assert exit.value.code == 2
    said = capsys.readouterr().err.strip()
    assert says in said and "\n" not in said and len(said.replace(str(tmp_path), "")) <= 200
    assert not (tmp_path / "run").exists()


def test_a_task_of_another_size_is_told(tmp_path):
    (tmp_path / "t.txt").write_text("3 1\n1 2\n")
    with pytest.raises(InputError, match=r"network\.topology\.graph: 4 nodes, but the graph has 3 nodes"):
        written(tmp_path, "g.txt", FILES["edges.txt"][0], "task: {kind: maxcut, graph: t.txt}\n")


BARE = {  # topologies in which some neuron drives no axon, or is driven by none
    "sink": "neurons: 3, topology: {axons: [[0, 1], [1, 0], [0, 2]]}",
    "chain": "neurons: 3, topology: {axons: [[0, 1], [1, 2]]}",
    "pair": "neurons: 3, topology: {axons: [[0, 1], [1, 0]]}",
    "isolated": "topology: {graph: g.txt}",
}


def bare_design(folder, network: str):
    (folder / "g.txt").write_text("3 1\n1 3 1\n")
    (folder / "d.yaml").write_text(f'name: d\nnetwork: {{{network}, weights: {{patterns: ["101"]}}}}\n')
    return folder / "d.yaml"


def main_without_warnings(*words: str) -> int:
    with warnings.catch_warnings(), pytest.raises(SystemExit) as exit:
        warnings.simplefilter("error", RuntimeWarning)
        main([*words])
    return exit.value.code


@pytest.mark.parametrize("network", BARE.values(), ids=BARE)
def test_neurons_without_axons_are_checked_and_run(network, tmp_path, capsys):
    """One that drives none has no V_DW window of its own; all others have theirs."""
    path, run = bare_design(tmp_path, network), tmp_path / "run"
    driving = load_design(path).topology.out_degree > 0
    assert main_without_warnings("check", str(path), "--out", str(run)) in (0, 1)
    said = capsys.readouterr().out
    assert said.count("drives no axon") == (~driving).sum() > 0
    assert "the window closes" not in said and "stays open" not in said  # that is known of all-to-all networks alone
    assert main_without_warnings("run", str(path), "--out", str(run)) in (0, 1)
    for name in ("ideal", "drawn"):
        values = json.loads((run / f"erc_{name}_table.json").read_text())["values"]
        for field in ("low", "high", "centre", "margin", "low_axon", "high_axon"):
            assert [value is not None for value in values[field]] == driving.tolist()
        assert max(filter(None, values["low"])) < values["v_dw"] < min(filter(None, values["high"]))
    assert (run / "windows.svg").read_text().count("<rect") == 1 + 2 + 2 * driving.sum()  # frame, legends, bars


def test_studies_take_neurons_without_axons(tmp_path):
    path = bare_design(tmp_path, BARE["sink"])
    (tmp_path / "s.yaml").write_text("name: s\ndesign: d.yaml\nrules: true\ntrials: 1\naxes: {seed: [1, 2]}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert sweep(tmp_path / "s.yaml", tmp_path / "swept").refused == 0
        rows = characterise(path, tmp_path / "macro", wires="ideal", supplies=(1.0,), trials=1).rows
    assert all(row["window_low"] < row["v_dw"] < row["window_high"] for row in rows)
