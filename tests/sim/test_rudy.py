import hashlib
import math
from fractions import Fraction
from pathlib import Path

import pytest

from hwlib.errors import InputError
from sim.tasks import graphs, rudy

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "maxcut" / "biqmac" / "rudy"


def test_published_test_vector():
    numbers = rudy.FlipGenerator(6000)
    assert [numbers.raw() for _ in range(3)] == [797922469, 895636601, 1708266930]
    numbers = rudy.FlipGenerator(6000)
    assert [numbers.below(60) for _ in range(6)] == [49, 41, 30, 22, 46, 40]


def test_knuths_own_check():
    """``test_flip.c`` of The Stanford GraphBase: seed −314159, a large bound whose first draws must be thrown away."""
    numbers = rudy.FlipGenerator(2**31 - 314159)
    assert numbers.raw() == 119318998
    for _ in range(133):
        numbers.raw()
    assert numbers.below(0x55555555) == 748103812


def test_generator_runs_past_its_first_cycles():
    numbers = rudy.FlipGenerator(7)
    values = [numbers.raw() for _ in range(1000)]
    assert len(set(values)) > 990 and all(0 <= v < 2**31 for v in values)
    # The first 54 are emitted before the array is complete; after them each cycle of 55 comes out backwards.
    x = [v for c in range(54, 54 + 55 * 17, 55) for v in reversed(values[c : c + 55])]
    assert all(x[n] == (x[n - 55] - x[n - 24]) % 2**31 for n in range(55, len(x)))


@pytest.mark.parametrize(("nodes", "edges"), [(60, 885), (80, 1580), (100, 2475)])
def test_g05_sizes(nodes, edges):
    graph = rudy.g05(nodes, 0)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (nodes, edges)
    assert all(u < v for u, v in graph.edges)


def test_g05_60_0_is_pinned(tmp_path):
    """Digest of the file as rudy prints it, taken from the library's own g05_60.0 (whitespace at line ends dropped)."""
    path = graphs.write_graph(rudy.g05(60, 0), tmp_path / "g")
    text = "\n".join(line.rstrip() for line in path.read_text().splitlines())
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


DIGEST = "8063f290f30cd3c9cbe79065612e37d5f38e3444e48b1845e1c8c3f079c6e92a"


@pytest.mark.parametrize("nodes", [60, 80, 100])
def test_equals_the_library_line_for_line(nodes, tmp_path):
    if not SHARED.is_dir():
        pytest.skip("the Biq Mac files are not here; the pinned digest stands in for them")
    for instance in range(10):
        path = graphs.write_graph(rudy.g05(nodes, instance), tmp_path / "g")
        library = (SHARED / f"g05_{nodes}.{instance}").read_text()
        assert [x.split() for x in path.read_text().splitlines()] == [
            x.split() for x in library.splitlines() if x.strip()
        ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rudy.g05(61, 0), "sizes [60, 80, 100]"),
        (lambda: rudy.g05(60, 10), "instances 0 to 9"),
        (lambda: rudy.random_graph(1, 0.5, 1), "nodes: 1, allowed 2"),
        (lambda: rudy.random_graph(4001, 0.5, 1), "nodes: 4001, allowed 2 to 4000"),
        (lambda: rudy.random_graph(10, 0.5, -1), "seed: -1, allowed 0"),
        (lambda: rudy.random_graph(10, 0.5, 2**31), "seed: 2147483648, allowed 0 to 2147483647"),
        (lambda: rudy.random_graph(20.5, 0.5, 1), "nodes: 20.5 is no whole number, allowed 2 to 4000"),
        (lambda: rudy.random_graph(20, 0.5, 1.5), "seed: 1.5 is no whole number"),
        (lambda: rudy.g05(60, -1), "instances 0 to 9"),
    ],
)
def test_out_of_range(call, words):
    with pytest.raises(InputError, match="rudy") as error:
        call()
    assert words in str(error.value)


def test_ends_of_the_ranges():
    assert rudy.random_graph(2, 1, 0).number_of_edges() == 1
    assert rudy.random_graph(4000, 1e-6, 2**31 - 1).number_of_nodes() == 4000
    assert rudy.g05(60, 9).name == "g05_60.9"


@pytest.mark.parametrize("density", [0, -0.1, 1.001, 50, float("nan"), float("inf"), True, "0.5", None])
def test_density_is_a_fraction(density):
    with pytest.raises(InputError, match=r"rudy: density .*, allowed above 0 to 1") as error:
        rudy.random_graph(20, density, 1)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


def test_a_graph_without_edges_is_refused():
    with pytest.raises(InputError, match=r"rudy: density 0.01 draws no edge between 5 nodes, allowed at least 0.05$"):
        rudy.random_graph(5, 0.01, 1)
    assert rudy.random_graph(5, 0.05, 1).number_of_edges() == 1


def test_number_of_edges_follows_from_the_density():
    """As rudy rounds: half an edge counts as one, for every whole percent and in exact arithmetic."""
    for nodes in (12, 25, 41):
        for percent in range(1, 101):
            exact = math.floor(Fraction(nodes * (nodes - 1) * percent, 200) + Fraction(1, 2))
            assert rudy.random_graph(nodes, percent / 100, 3).number_of_edges() == exact
    assert rudy.random_graph(20, 0.5, 1).number_of_edges() == 95
    assert rudy.random_graph(12, 1, 3).number_of_edges() == 66
