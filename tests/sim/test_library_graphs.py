"""Files of the Biq Mac library and of Gset, where they are at hand: all are read, and published optima hold."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from sim.tasks import graphs, maxcut
from sim.tasks.optimum import optimum

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "maxcut"
FULL = os.environ.get("SPINHOP_FULL") == "1"
SOME = (
    "g05_80.0", "g05_100.0", "pm1s_80.0", "pm1d_80.0", "w01_100.0", "w09_100.0", "pw01_100.0", "pw09_100.0",
    "ising2.5-100_5555", "ising3.0-100_5555", "t2g10_5555",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the library's files are not here (../shared/data/maxcut beside the repository)"
)


def published():
    with (SHARED / "optima.csv").open() as stream:
        return {row["instance"]: row for row in csv.DictReader(stream)}


def files():
    inside = (path for path in sorted(SHARED.glob("*/**/*")) if path.is_file())
    return {path.name.removesuffix(".txt"): path for path in inside}


def names(largest):
    """Instances with a published value and at most so many nodes."""
    if not SHARED.is_dir():
        return []
    listed = published()
    sizes = {name: int(path.read_text().split(maxsplit=1)[0]) for name, path in files().items() if name in listed}
    return [name for name, nodes in sizes.items() if nodes <= largest and (FULL or name in SOME)]


def test_every_file_is_read_as_its_header_says():
    read = 0
    for path in files().values():
        head, *body = path.read_text().splitlines()
        if len(body) > 5000 and not FULL:
            continue
        graph = graphs.read_graph(path)
        assert [graph.number_of_nodes(), graph.number_of_edges()] == [int(word) for word in head.split()]
        total = sum(float(line.split()[2]) for line in body if line.strip())
        assert graphs.adjacency(graph).sum() == pytest.approx(2 * total)
        read += 1
    assert read >= (134 if FULL else 100)


@pytest.mark.parametrize("name", names(1000))
def test_no_search_beats_a_published_optimum(name):
    """A larger cut would be an error of reading or counting; ``exact`` may not stand beside a smaller one."""
    graph, row = graphs.read_graph(files()[name]), published()[name]
    found, best = optimum(graph, reads=50), float(row["optimum"])
    assert maxcut.cut_value(graph, found.side) == pytest.approx(found.value)
    assert found.status == "best found"
    proved = row["status"] in ("published-optimal", "proven-optimal-here")
    assert found.value <= best or not proved
    # Chains and grids are hard for searches that flip one node at a time; random graphs are not.
    assert found.value >= (0.95 if files()[name].parent.name == "ising" else 0.99) * best


def test_tabu_reaches_the_published_optima_of_rudys_graphs():
    """All of the library's graphs of 60 to 100 nodes that have no geometry, sparse and dense, weights of both signs."""
    chosen = [name for name in names(100) if files()[name].parent.name == "rudy"]
    gaps = [float(published()[name]["optimum"]) - optimum(graphs.read_graph(files()[name])).value for name in chosen]
    assert len(chosen) == (81 if FULL else 8) and not np.any(gaps), dict(zip(chosen, gaps, strict=True))


@pytest.mark.parametrize("name", ["t2g10_5555", *(["t2g10_6666", "t2g10_7777", "t2g15_5555"] if FULL else [])])
def test_what_is_called_exact_is_the_published_optimum(name):
    """Weights of up to six digits: a solver's usual gap of 1e-4 would let cuts pass that are short by hundreds."""
    found = optimum(graphs.read_graph(files()[name]), milp_seconds=300)
    assert (found.status, found.value) == ("exact", float(published()[name]["optimum"]))
