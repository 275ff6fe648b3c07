"""Training rules: each against its published formula, written naively or asked for by what it must fulfil."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.training_rules import (
    HEBBIAN,
    PERCEPTRON,
    PSEUDO_INVERSE,
    STORKEY,
    TRAINING_RULES,
    Lesson,
    TrainingRule,
    hebbian,
    register,
    trained,
    within,
)
from hwlib.weights import bits, stored_patterns, weight_levels

RULES = [HEBBIAN, STORKEY, PSEUDO_INVERSE, PERCEPTRON]


def patterns_of(seed, count, n):
    return np.random.default_rng(seed).integers(0, 2, (count, n))


def lesson_of(patterns, **more):
    return Lesson(patterns, ~np.eye(patterns.shape[1], dtype=bool), **more)


def held(levels, patterns, off_share=0.25):
    """Whether each pattern, and each inverse, keeps every neuron on ideal wires: sum over axons, one by one."""
    result = []
    for state in [*patterns, *(1 - patterns)]:
        drives = [
            sum(levels[i, j] * (1.0 if state[j] else off_share) for j in range(len(state)) if j != i)
            for i in range(len(state))
        ]
        result.append(all((drive > 0) == (bit == 1) for drive, bit in zip(drives, state, strict=True)))
    return np.array(result).reshape(2, len(patterns))


def test_storkey_is_the_published_recurrence():
    """Storkey 1997, eq. (3): index by index, on 11 neurons and 4 patterns; ours is N times it."""
    patterns = patterns_of(1, 4, 11)
    n, w = 11, np.zeros((11, 11))
    for xi in 2 * patterns - 1:
        h = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                h[i, j] = sum(w[i, k] * xi[k] for k in range(n) if k not in (i, j))
        new = w.copy()
        for i in range(n):
            for j in range(n):
                new[i, j] += (xi[i] * xi[j] - xi[i] * h[j, i] - h[i, j] * xi[j]) / n
        w = new
    np.fill_diagonal(w, 0.0)
    np.testing.assert_allclose(trained(STORKEY, lesson_of(patterns)), n * w, atol=1e-12)


def test_pseudo_inverse_projects_on_the_patterns():
    """W P = P with a diagonal that makes W idempotent, symmetric and of the patterns' rank: no other matrix does."""
    patterns = patterns_of(2, 5, 20)
    w = trained(PSEUDO_INVERSE, lesson_of(patterns)) / 20
    spins = (2.0 * patterns - 1).T
    missing = (spins - w @ spins) / spins  # what the diagonal has to add to each neuron, the same for every pattern
    np.testing.assert_allclose(missing, missing[:, :1] * np.ones((1, 5)), atol=1e-12)
    whole = w + np.diag(missing[:, 0])
    np.testing.assert_allclose(whole @ spins, spins, atol=1e-12)
    np.testing.assert_allclose(whole @ whole, whole, atol=1e-12)
    np.testing.assert_allclose(whole, whole.T, atol=1e-12)
    assert np.linalg.matrix_rank(whole) == 5


@pytest.mark.parametrize("rule", [HEBBIAN, STORKEY, PSEUDO_INVERSE])
def test_one_pattern_gives_hebb_s_weights(rule):
    """Storkey's first pattern is Hebb's exactly, and so is the projection on one pattern."""
    pattern = patterns_of(3, 1, 9)
    np.testing.assert_allclose(trained(rule, lesson_of(pattern)), hebbian(pattern), atol=1e-12)


def test_patterns_twice_or_dependent_leave_the_pseudo_inverse_as_it_is():
    patterns = patterns_of(4, 3, 12)
    again = np.concatenate([patterns, patterns[:1], 1 - patterns[1:2]])
    np.testing.assert_allclose(
        trained(PSEUDO_INVERSE, lesson_of(again)), trained(PSEUDO_INVERSE, lesson_of(patterns)), atol=1e-9
    )


def test_perceptron_holds_both_forms_where_hebb_loses_all():
    """Fifteen patterns on 29 neurons: half a pattern per neuron, beyond Hebb's 0.14."""
    patterns = patterns_of(5, 15, 29)
    assert held(trained(PERCEPTRON, lesson_of(patterns)), patterns).all()
    assert not held(hebbian(patterns), patterns).any()


def test_perceptron_comes_near_the_largest_stability_that_a_linear_program_finds():
    """Within a limit of 1 the least drive is at most the optimum of max t: s·(w·g) ≥ t, |w| ≤ 1, and near it."""
    from scipy.optimize import linprog

    patterns = patterns_of(6, 4, 13)
    levels = trained(PERCEPTRON, lesson_of(patterns, limit=1.0))
    spins = np.concatenate([2.0 * patterns - 1, 1 - 2.0 * patterns])
    conducts = np.where(spins > 0, 1.0, 0.25)
    for i in range(13):
        rows = spins[:, i, None] * conducts
        rows[:, i] = 0
        best = linprog(
            np.append(np.zeros(13), -1.0), np.hstack([-rows, np.ones((8, 1))]), np.zeros(8),
            bounds=[(-1, 1)] * 13 + [(None, None)],
        )  # fmt: skip
        least = (rows @ levels[i]).min()
        assert 0.9 * -best.fun <= least <= -best.fun * (1 + 1e-9)


def test_perceptron_takes_wires_and_leaks_for_what_they_are():
    """Half of the axons lose nine tenths of their current, and a leak pushes one way: it learns to hold them still."""
    patterns = patterns_of(7, 5, 15)
    spins = np.concatenate([2 * patterns - 1, 1 - 2 * patterns])
    pull = np.where(spins > 0, 1.0, 0.25)[:, None, :] * np.where(np.arange(15) % 2, 1.0, 0.1)
    pull, offset = np.broadcast_to(pull, (10, 15, 15)), np.full((10, 15), 0.7)

    def least(levels):
        return (spins * (np.einsum("sij,ij->si", pull, levels) + offset)).min()

    assert least(trained(PERCEPTRON, lesson_of(patterns, limit=2.0, pull=pull, offset=offset))) > 0
    assert least(trained(PERCEPTRON, lesson_of(patterns, limit=2.0))) < 0


def test_limits_cut_and_steps_round():
    levels = np.array([[0.0, 2.6, -0.4], [1.1, 0.0, -5.0], [0.24, 0.26, 0.0]])
    np.testing.assert_allclose(within(levels, 2.0, None), np.clip(levels, -2, 2))
    np.testing.assert_allclose(within(levels, 2.0, 4), [[0, 2, -0.5], [1, 0, -2], [0, 0.5, 0]])
    np.testing.assert_allclose(within(levels, None, 2), [[0, 2.5, 0], [0, 0, -5], [0, 0, 0]])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_keeps_axons_limit_and_steps(rule):
    patterns, rng = patterns_of(8, 4, 12), np.random.default_rng(8)
    joined = (rng.random((12, 12)) < 0.6) & ~np.eye(12, dtype=bool)
    levels = trained(rule, Lesson(patterns, joined, limit=2.0, steps=3))
    assert (levels[~joined] == 0).all() and np.abs(levels).max() <= 2
    np.testing.assert_allclose(levels * 1.5, np.round(levels * 1.5), atol=1e-9)


@pytest.mark.parametrize("rule", RULES[:3], ids=lambda rule: rule.name)
def test_balanced_weights_sum_up_to_nothing_and_hold_both_forms(rule):
    """Unbalanced, a pattern far from half ON is lost in its inverse: OFF axons pull as well."""
    pattern = bits(["1110111101"])
    assert held(trained(rule, lesson_of(pattern)), pattern).tolist() == [[True], [False]]
    levels = trained(rule, lesson_of(pattern, balanced=True))
    np.testing.assert_allclose(levels.sum(axis=1), 0, atol=1e-12)
    assert held(levels, pattern).all()


def test_a_design_names_its_rule_and_limits():
    weights = {"random_patterns": 5, "rule": "perceptron", "limit": 3.0, "steps": 3}
    design = Design.model_validate({"name": "d", "network": {"neurons": 17, "weights": weights}})
    levels, patterns = weight_levels(design), stored_patterns(design)
    expected = trained(PERCEPTRON, lesson_of(patterns, limit=3.0, steps=3))
    assert np.array_equal(levels, expected) and held(levels, patterns).all()
    weights |= {"rule": "storkey"}
    design = Design.model_validate({"name": "d", "network": {"neurons": 17, "weights": weights}})
    assert np.array_equal(weight_levels(design), trained(STORKEY, lesson_of(patterns, limit=3.0, steps=3)))


def test_a_given_matrix_stands_beside_what_it_stores(tmp_path):
    (tmp_path / "w.csv").write_text("0,1,-1\n1,0,-1\n-1,-1,0\n")
    path = tmp_path / "d.yaml"
    path.write_text("name: d\nnetwork: {neurons: 3, weights: {patterns: ['110'], rule: given, matrix_file: w.csv}}\n")
    design = load_design(path)
    assert stored_patterns(design).tolist() == [[1, 1, 0]] and weight_levels(design)[0].tolist() == [0, 1, -1]
    path.write_text("name: d\nnetwork: {neurons: 3, weights: {rule: given, matrix_file: w.csv}}\n")
    assert stored_patterns(load_design(path)) is None


@pytest.mark.parametrize("rule", ["storkey", "pseudo-inverse", "perceptron"])
def test_pictures_are_trained_by_the_rule_that_the_design_names(rule):
    data = {"name": "d", "task": {"kind": "images"}, "network": {"weight_style": "lines", "weights": {"rule": rule}}}
    design = Design.model_validate(data)
    expected = trained(TRAINING_RULES[rule], lesson_of(stored_patterns(design)))
    assert np.array_equal(weight_levels(design), expected)
    assert not np.array_equal(expected, hebbian(stored_patterns(design)))
    again = design.model_dump(mode="json", exclude_none=True, exclude=design.from_task)
    assert again["network"]["weights"]["rule"] == rule and "patterns" not in again["network"]["weights"]
    assert np.array_equal(weight_levels(Design.model_validate(again)), expected)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("neurons: 3, weights: {rule: hopfield}", "found 'hopfield', allowed: hebbian, storkey, pseudo-inverse, perc"),
        ("neurons: 3, weights: {rule: given}", "rule given: give the trained weights, matrix or matrix_file"),
        ("neurons: 2, weights: {rule: storkey, matrix: [[0, 1], [1, 0]]}", "rule: a matrix is not trained; leave it"),
        ("neurons: 2, weights: {limit: 2, matrix: [[0, 1], [1, 0]]}", "limit: a matrix is not trained; leave it out"),
        ("neurons: 2, weights: {patterns: ['01'], matrix: [[0, 1], [1, 0]]}", "give one of random_patterns, patterns"),
        ("neurons: 2, weights: {rule: given, patterns: ['01'], random_patterns: 1, matrix: [[0, 1], [1, 0]]}", "give"),
        ("neurons: 3, weights: {limit: 0}", "network.weights.limit: must be at least"),
        ("neurons: 3, weights: {steps: 0}", "network.weights.steps: must be at least"),
        ("neurons: 3, weights: {balanced: 1}", "network.weights.balanced: must be true or false"),
        ("neurons: 3, weights: {rule: perceptron, balanced: true}", "balanced: rule perceptron learns how far"),
        ("neurons: 17, weights: {random_patterns: 5, rule: storkey}", "distinct weights, the rails style carries at"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused_in_a_line(tmp_path, network, message):
    path = tmp_path / "d.yaml"
    path.write_text(f"name: d\nnetwork: {{{network}}}\n")
    with pytest.raises(InputError) as refused:
        load_design(path)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_weights_of_a_graph_are_not_trained(tmp_path):
    (tmp_path / "g.txt").write_text("3 2\n1 2\n2 3\n")
    for training in ("rule: storkey", "limit: 2", "rule: given, matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]"):
        path = tmp_path / "d.yaml"
        path.write_text(f"name: d\nnetwork: {{weights: {{{training}}}}}\ntask: {{kind: maxcut, graph: g.txt}}\n")
        with pytest.raises(InputError, match="the task's files give weights, no patterns to train; leave it out"):
            load_design(path)


class Anti(TrainingRule):
    """A toy: Hebb's weights with the other sign."""

    name, meaning, source = "anti", "Hebb's, reversed", "none"

    def levels(self, lesson: Lesson) -> np.ndarray:
        return -hebbian(lesson.patterns)


def test_a_rule_from_outside_is_known_to_designs():
    rule = register(Anti())
    try:
        data = {"name": "d", "network": {"neurons": 5, "weights": {"rule": "anti"}}}
        design = Design.model_validate(data)
        assert np.array_equal(weight_levels(design), -hebbian(stored_patterns(design)))
        with pytest.raises(ValueError, match="there is a training rule anti already"):
            register(rule)
    finally:
        del TRAINING_RULES["anti"]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([[1, -1, 1]], r"found -1 \(of spins s the bits are \(s \+ 1\)/2\)"), ([[np.nan, 0, 1]], "found nan"),
        ([[2, 0, 1]], "found 2"), (["101"], "found '101'"), (np.zeros((1, 2, 3)), r"found shape \(1, 2, 3\)"),
        ([[Decimal(1)]], r"found Decimal\('1'\)"), (np.zeros((1, 1), [("a", int)]), r"found tuple of 1"),
    ],
)  # fmt: skip
def test_what_are_no_bits_is_refused(patterns, found):
    """Spins of ±1 gave weights of -3 and 1, without a word."""
    with pytest.raises(InputError, match=f"^patterns: allowed are bits, .*{found}$"):
        hebbian(patterns)


@pytest.mark.parametrize(("rule", "words", "more"), [
    (PSEUDO_INVERSE, ["11", "10"], {}), (PSEUDO_INVERSE, ["111"], {"balanced": True}),
    (PSEUDO_INVERSE, ["10", "11", "00"], {"steps": 3}),
])  # fmt: skip
def test_what_rounding_leaves_of_a_sum_that_cancels_is_no_weight(rule, words, more):
    """Weights of -4e-16 were refused by the rails, which are programmed to 0, when trials began."""
    levels = trained(rule, lesson_of(bits(words), **more))
    assert (levels == 0).all()
    assert (rule.levels(lesson_of(bits(words))) != 0).any()
