"""Exact reductions of resistor networks, against the Schur complement of a dense Laplacian; polygons found by place."""

import klayout.db as db
import numpy as np
import pytest

from hwlib.connected_parts import connected_parts
from hwlib.extraction.negative import without_negative
from hwlib.extraction.place import Finder
from hwlib.extraction.reduce import Resistors, reduce


def network(*rows):
    """Resistors from (a, b, Ω) or (a, b, Ω, limit, layer)."""
    a, b, ohm, limit, layer = zip(*((*row, np.inf, 0)[:5] for row in rows), strict=True)
    return Resistors(np.array(a, np.int32), np.array(b, np.int32), np.array(ohm, float), np.array(limit, float),
                     np.array(layer, np.int32))  # fmt: skip


def kept(nodes, *numbers):
    return np.isin(np.arange(nodes), numbers)


def seen_from(resistors, keep):
    """Conductance matrix between the kept nodes: all others eliminated, those without a link to them left out."""
    nodes = len(keep)
    g = np.zeros((nodes, nodes))
    for a, b, ohm in zip(resistors.a, resistors.b, resistors.ohm, strict=True):
        if a != b:
            g[[a, b], [a, b]] += 1 / ohm
            g[[a, b], [b, a]] -= 1 / ohm
    _, label = connected_parts(nodes, resistors.a, resistors.b)
    inner = ~keep & np.isin(label, label[keep])
    if not inner.any():
        return g[np.ix_(keep, keep)]
    across = g[np.ix_(keep, inner)]
    return g[np.ix_(keep, keep)] - across @ np.linalg.solve(g[np.ix_(inner, inner)], across.T)


def rows_of(resistors):
    ends = zip(resistors.a.tolist(), resistors.b.tolist(), strict=True)
    return sorted((*sorted(e), *rest) for e, *rest in zip(
        ends, resistors.ohm.tolist(), resistors.limit.tolist(), resistors.layer.tolist(), strict=True))  # fmt: skip


# --- chains and stubs


def test_a_chain_is_one_resistor_as_weak_as_its_weakest_part():
    chain = network((0, 3, 1.0, 5e-3, 1), (3, 4, 2.0, 2e-3, 7), (4, 1, 4.0, 9e-3, 2), (1, 2, 8.0, 1e-3, 3))
    assert rows_of(reduce(chain, kept(5, 0, 1, 2))) == [(0, 1, 7.0, 2e-3, 7), (1, 2, 8.0, 1e-3, 3)]


def test_two_chains_between_the_same_nodes_stay_two():
    ring = network((0, 2, 1.0), (2, 1, 2.0), (0, 3, 3.0), (3, 1, 4.0))
    assert [row[:3] for row in rows_of(reduce(ring, kept(4, 0, 1)))] == [(0, 1, 3.0), (0, 1, 7.0)]


def test_stubs_loops_and_pieces_that_reach_nothing_go():
    bare = [(0, 1, 5.0)]
    for extra in (
        [(1, 2, 1.0)],  # a stub
        [(1, 2, 1.0), (2, 3, 1.0), (2, 4, 1.0), (4, 5, 1.0)],  # a tree
        [(1, 1, 1.0)], [(1, 2, 1.0), (2, 3, 1.0), (3, 1, 1.0)],  # loops
        [(1, 2, 1.0), (2, 3, 1.0), (3, 4, 1.0), (4, 2, 1.0)],  # a loop at a stub
        [(2, 3, 1.0)], [(2, 3, 1.0), (3, 4, 1.0), (4, 2, 1.0)],  # pieces by themselves
    ):  # fmt: skip
        assert [row[:3] for row in rows_of(reduce(network(*bare, *extra), kept(6, 0, 1)))] == [(0, 1, 5.0)]


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_ring_by_itself_goes_and_touches_nothing(turn):
    """Beside a chain and a free junction of four at node 0, in any order."""
    junction = [(0, 1, 1.0), (0, 2, 2.0), (0, 3, 3.0), (0, 4, 4.0)]
    parts = [junction, [(1, 5, 1.0), (5, 2, 1.5)], [(6, 7, 1.0), (7, 8, 1.0), (8, 6, 1.0)]]
    rows = [row for part in parts[turn:] + parts[:turn] for row in part]
    found = [row[:3] for row in rows_of(reduce(network(*rows), kept(9, 1, 2, 3, 4)))]
    assert found == [*junction, (1, 2, 2.5)]


def test_kept_nodes_stay_whatever_their_links():
    chain = network((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0))
    assert len(reduce(chain, kept(4, 0, 1, 2, 3))) == 3
    assert [row[:3] for row in rows_of(reduce(chain, kept(4, 0, 2)))] == [(0, 2, 3.0)]


def random_network(seed, nodes=14, links=20):
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, nodes, (links, 2))
    ohm, limit, layer = rng.uniform(0.5, 20, links), rng.uniform(1, 9, links), rng.integers(0, 5, links)
    rows = [(*e, *rest) for e, *rest in zip(ends.tolist(), ohm, limit, layer, strict=True)]
    return network(*rows), np.isin(np.arange(nodes), rng.choice(nodes, 4, replace=False))


@pytest.mark.parametrize("seed", range(30))
def test_reduction_changes_nothing_between_kept_nodes(seed):
    full, keep = random_network(seed)
    small = reduce(full, keep)
    np.testing.assert_allclose(seen_from(small, keep), seen_from(full, keep), rtol=1e-9, atol=1e-12)
    degree = np.bincount(np.concatenate([small.a, small.b]), minlength=len(keep))
    assert not np.isin(degree[~keep], (1, 2)).any() and (small.a != small.b).all()


# --- negative resistors


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_networks_without_negative_resistors_are_the_same_seen_from_outside(seed, stays):
    """A star of positive arms and a negative one to a pillar, which leads on, or which stays beside other metal."""
    full, keep = random_network(seed, nodes=12, links=22)
    rng = np.random.default_rng([seed, 1])
    star, pillar, end = 12, 13, int(np.flatnonzero(keep)[0])
    first, second = np.flatnonzero(~keep)[:2].tolist()
    siemens = {(star, first): rng.uniform(0.1, 0.2), (star, second): rng.uniform(0.1, 0.2),
               (star, pillar): -1 / rng.uniform(0.2, 0.9), (pillar, end): rng.uniform(0.2, 0.4)}  # fmt: skip
    for a, b, ohm, *_ in [*rows_of(full), (first, second, 5.0)]:
        if a != b:
            siemens[a, b] = siemens.get((a, b), 0.0) + 1 / ohm
    negative, keep = network(*((a, b, 1 / s) for (a, b), s in siemens.items())), np.append(keep, [False, stays])
    positive = without_negative(negative, keep)
    assert (positive.ohm > 0).all()
    np.testing.assert_allclose(seen_from(positive, keep), seen_from(negative, keep), rtol=1e-8, atol=1e-10)


def test_a_negative_arm_that_leads_on_is_one_with_what_follows():
    """−1 Ω and 2 Ω behind it are 1 Ω, as weak as the weaker."""
    star = network((3, 0, 4.0, 2.0, 5), (3, 1, 4.0, 3.0, 6), (3, 2, -1.0, 9.0, 7), (2, 4, 2.0, 1.0, 8))
    assert rows_of(without_negative(star, kept(5, 0, 1, 4))) == [
        (0, 3, 4.0, 2.0, 5), (1, 3, 4.0, 3.0, 6), (3, 4, pytest.approx(1.0), 1.0, 8),
    ]  # fmt: skip


def test_a_star_with_a_negative_arm_that_stays_is_its_mesh_by_hand():
    """Arms of 1/4, 1/4 and −1 S, −1/2 in all: −1/8 S beside the 1/2 S between the ends, and twice 1/2 S."""
    star = network((3, 0, 4.0, 2.0, 5), (3, 1, 4.0, 3.0, 6), (3, 2, -1.0, 9.0, 7), (0, 1, 2.0, 7.0, 8))
    assert rows_of(without_negative(star, kept(4, 0, 1, 2))) == [
        (0, 1, pytest.approx(8 / 3), 2.0, 5), (0, 2, pytest.approx(2.0), 2.0, 5), (1, 2, pytest.approx(2.0), 3.0, 6),
    ]  # fmt: skip


@pytest.mark.parametrize("ohm", [-1.0, -2.0])
@pytest.mark.parametrize("turned", [False, True])
def test_where_current_passes_under_a_pillar_that_stays_its_two_ends_are_one(turned, ohm):
    """A wire between two ends that stay: its middle and the pillar become one node; so where the arms cancel too."""
    ends = (2, 3) if turned else (3, 2)
    wire = network((3, 0, 4.0, 2.0, 5), (3, 1, 4.0, 3.0, 6), (*ends, ohm, 9.0, 7))
    assert rows_of(without_negative(wire, kept(4, 0, 1, 2))) == [
        (0, 2, pytest.approx(4.0), 2.0, 5), (1, 2, pytest.approx(4.0), 3.0, 6),
    ]  # fmt: skip


def test_links_that_cancel_are_none_and_parallel_ones_are_as_weak_as_the_weaker():
    """The mesh's −1/8 S between the ends: beside 8 Ω nothing is left, beside 4 Ω of limit 1 the limit is 1."""
    star = [(3, 0, 4.0, 2.0, 5), (3, 1, 4.0, 3.0, 6), (3, 2, -1.0, 9.0, 7)]
    arms = [(0, 2, pytest.approx(2.0), 2.0, 5), (1, 2, pytest.approx(2.0), 3.0, 6)]
    assert rows_of(without_negative(network(*star, (0, 1, 8.0, 1.0, 8)), kept(4, 0, 1, 2))) == arms
    found = rows_of(without_negative(network(*star, (0, 1, 4.0, 1.0, 8)), kept(4, 0, 1, 2)))
    assert found == [(0, 1, pytest.approx(8.0), 1.0, 8), *arms]


def test_two_negative_arms_of_one_node_go_together():
    rows = [(4, 0, 1.0), (4, 1, 1.0), (4, 2, -4.0), (4, 3, -4.0), (0, 1, 1.0), (0, 2, 0.5), (0, 3, 0.5), (1, 2, 0.5),
            (1, 3, 0.5)]  # fmt: skip
    found = without_negative(network(*rows), kept(5, 0, 1, 2, 3))
    assert (found.ohm > 0).all() and 4 not in {*found.a.tolist(), *found.b.tolist()}
    keep = kept(5, 0, 1, 2, 3)
    np.testing.assert_allclose(seen_from(found, keep), seen_from(network(*rows), keep), rtol=1e-12, atol=1e-12)


def test_a_negative_stub_leaves_nothing():
    assert len(without_negative(network((0, 1, -1.0)), kept(2, 0))) == 0


def test_between_nodes_that_stay_next_to_nothing_is_left():
    found = rows_of(without_negative(network((0, 1, -2.0, 3.0, 4), (1, 2, 5.0)), kept(3, 0, 1, 2)))
    assert found == [(0, 1, pytest.approx(1e-6), 3.0, 4), (1, 2, pytest.approx(5.0), np.inf, 0)]


def test_positive_networks_are_left_as_they_are():
    full, keep = random_network(3)
    assert without_negative(full, keep) is full


# --- polygons by place


@pytest.mark.parametrize("seed", range(4))
def test_polygons_are_found_where_they_are(seed):
    """Small boxes, and a few that span many bins, against every polygon tried."""
    rng = np.random.default_rng(seed)
    region = db.Region()
    for x, y, w, h in rng.integers(0, 4000, (60, 4)).tolist():
        region.insert(db.Box(x - 2000, y - 2000, x - 2000 + 5 + w // 60, y - 2000 + 5 + h // 60))
    region.insert(db.Box(-3000, 2500, 3000, 2510))
    region.insert(db.Box(-40, -3000, -30, 3000))
    region = region.merged()
    finder = Finder(region)
    polygons = list(region.each())
    for x, y, w, h in rng.integers(-2200, 2200, (80, 4)).tolist():
        for box in (db.Box(x, y, x + abs(w) // 10, y + abs(h) // 10), db.Box(x, y, x + 2000, y + 2000)):
            assert finder.near(box) == [k for k, p in enumerate(polygons) if p.bbox().touches(box)]
        inside = [k for k, p in enumerate(polygons) if p.inside(db.Point(x, y))]
        assert finder.at(x, y) == (inside[0] if inside else None)
    for k, polygon in enumerate(polygons):
        corner = next(polygon.each_point_hull())
        assert finder.at(corner.x, corner.y) == next(n for n, p in enumerate(polygons) if p.inside(corner))
        assert (finder.region(k) ^ db.Region(polygon)).is_empty()


def test_nothing_is_found_in_an_empty_region():
    assert Finder(db.Region()).near(db.Box(0, 0, 10, 10)) == [] and Finder(db.Region()).at(0, 0) is None
