"""Graph files that are refused: each gets one line that says where and why."""

from __future__ import annotations

import pytest

from hwlib.errors import InputError
from hwlib.graph_reader import read_graph
from tests.support.graph_files import BANNER, refused


def node(k, more=""):
    return f"node [ id {k} {more} ]\n"


def element(inner, default="undirected"):
    return f'<graphml>\n<graph edgedefault="{default}">\n{inner}\n</graph>\n</graphml>'


GML_EDGE = f"graph [ {node(1)} {node(2)} edge [ source 1 target 2 ] ]"
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
    ("g.png", b"\x89PNG\r\n", ":1: not UTF-8 text but PNG"),
    ("g.png", b"\x89PNX\r\n", ":1: not a text file" + READ),
    *[(name, begins, f":1: not UTF-8 text but {kind}") for name in ("g.txt", "g.gml", "g.mtx", "g.graph")
      for begins, kind in ((b"\x00\x06\x00\x02\x00\x07", "GDSII"), (b"\x1f\x8b\x08\x00", "compressed with gzip"))],
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
    ("g.mtx", f"{BANNER} coordinate integer symmetric\n2 2 1\n2 1 1.5\n", ":3: value '1.5', the header says integer"),
    ("g.mtx", f"{BANNER} array integer symmetric\n2 2\n0\n0.5\n0\n", ":4: value '0.5', the header says integer"),
    ("g.txt", "3 2\r1 2 1\r1 9 1\r", ":3: node '9', allowed 1 to 3"),
    ("g.txt", "3 1\r" + "1 2 " * 50_000 + "\r", ":2: not a graph file (binary data or an endless line)"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n", ":1: ends after its header, 'rows columns entries' must follow"),
    ("g.mtx", f"{BANNER} array real symmetric\n", ":1: ends after its header, 'rows columns' must follow"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n2 2 1\n2 1\n", ":3: found '2 1', allowed 'i j weight'"),
    ("g.mtx", f"{BANNER} coordinate real symmetric\n2 2 1\n2 1 nan\n", ":3: weight 'nan', allowed finite"),
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
    ("g.col", "p edge 2 1\n\ne 2 2\n", ":3: no edge joins two different nodes"),
    ("g.col", "p edge 2 1\ne 1 2 0\n\n", ":2: all weights are 0"),
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
    ("g.txt", f"2 1\n1 2 {2**53 + 1}\n", f":2: weight '{2**53 + 1}' would become {2**53}; whole ones are exact up to"),
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
    ("g.gml", "graph [\n" + node("1 id 2") + "]", ":2: 'id' twice in one list"),
    ("g.gml", "graph [\n" + node(1) + node(2) + "edge [ source 1\nsource 2 target 2 ] ]", ":4: 'source' twice in one"),
    ("g.gml", 'graph [\nnode [ id 1 label "a" id 2 ] ]', ":2: 'id' twice in one list"),
    ("g.gml", "graph [ node [ id 1 ] node [ id 2 ]\nedge [ source 1 target 2 a 1 source 2 ] ]", ":2: 'source' twice"),
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
    ("g.graphml", element(ONE_EDGE.replace("/>", ' directed="true"/>')), ":4: edge a b is directed, without b a"),
    ("g.graphml", element(ONE_EDGE + '<edge source="a" target="b" directed="true"/>'), ":4: directed and undirected"),
    ("g.graphml", element(ONE_EDGE.replace("/>", ' directed="yes"/>')), ":4: directed 'yes', allowed true and false"),
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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_of_several_bytes_a_character_is_told_to_be_so_and_not_taken_for_xml(tmp_path, encoding):
    for name, text in (("g.txt", "2 1\n1 2 1\n"), ("g.gml", GML_EDGE), ("g.mtx", BANNER), ("g.graph", "2 1\n2\n1\n")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        with pytest.raises(InputError, match=rf"{name}:1: not UTF-8 text but {encoding[:6].upper()}; save it as UTF-8"):
            read_graph(tmp_path / name)
