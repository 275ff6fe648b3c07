"""The static wire solve against a dense solve, ngspice, badcrossbar, closed forms and conservation."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwlib.errors import InputError
from sim import spice
from sim.static import solve_crossbar

GOLDENS = json.loads((Path(__file__).parent / "data" / "badcrossbar.json").read_text())
RATIOS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]  # of a wire segment to a device that is ON


def devices(shape, seed):
    return 1 / np.random.default_rng(seed).choice([500.0, 2000.0], shape)


def elements(g, word, bit, ends):
    """Every resistor of a crossbar as (node, node, S); sources are ("left", row) and so on."""
    m, n = g.shape
    found = [(("w", i, j), ("b", i, j), g[i, j]) for i in range(m) for j in range(n)]
    found += [(("w", i, j), ("w", i, j + 1), 1 / word[i, j + 1]) for i in range(m) for j in range(n - 1)]
    found += [(("b", i, j), ("b", i + 1, j), 1 / bit[i + 1, j]) for i in range(m - 1) for j in range(n)]
    at = {
        "left": lambda k: (("w", k, 0), word[k, 0]), "right": lambda k: (("w", k, n - 1), word[k, n]),
        "top": lambda k: (("b", 0, k), bit[0, k]), "bottom": lambda k: (("b", m - 1, k), bit[m, k]),
    }  # fmt: skip
    for side, volts in ends.items():
        for k in range(m if side in ("left", "right") else n):
            if not np.isnan(volts[k]):
                node, ohm = at[side](k)
                found.append(((side, k), node, 1 / ohm))
    return found


def dense(g, word, bit, ends):
    """Potentials of word and bit nodes: nodal analysis with refinement in extended precision."""
    parts = elements(g, word, bit, ends)
    free = {("w", i, j): i * g.shape[1] + j for i, j in np.ndindex(g.shape)}
    free |= {("b", i, j): g.size + i * g.shape[1] + j for i, j in np.ndindex(g.shape)}
    matrix = np.zeros((2 * g.size, 2 * g.size), np.longdouble)
    right = np.zeros(2 * g.size, np.longdouble)
    for a, b, siemens in parts:
        for x, y in ((a, b), (b, a)):
            if x in free:
                matrix[free[x], free[x]] += siemens
                if y in free:
                    matrix[free[x], free[y]] -= siemens
                else:
                    right[free[x]] += np.longdouble(siemens) * ends[y[0]][y[1]]
    inverse = np.linalg.inv(matrix.astype(float))
    x = np.zeros(2 * g.size, np.longdouble)
    for _ in range(6):
        x = x + inverse @ (right - matrix @ x)
    return x[: g.size].reshape(g.shape), x[g.size :].reshape(g.shape)


def crossbar(shape, seed):
    """Segments that all differ, sources at all four sides, some lines held at one end only."""
    rng = np.random.default_rng(seed)
    m, n = shape
    g = devices(shape, seed)
    g[rng.random(shape) < 0.1] = 0
    word, bit = rng.uniform(0.5, 20, (m, n + 1)), rng.uniform(0.5, 20, (m + 1, n))
    ends = {side: rng.uniform(-0.1, 0.1, m if side in ("left", "right") else n)
            for side in ("left", "right", "top", "bottom")}  # fmt: skip
    ends["right"][::2] = np.nan
    ends["top"][1::2] = np.nan
    return g, word, bit, ends


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (12, 16)])
def test_equal_wires_are_those_of_a_dense_solve(shape, ratio):
    m, n = shape
    g, ohm = devices(shape, 1), 500 * ratio
    left = np.random.default_rng(2).choice([-0.1, 0.1], m)
    word, bit = np.full((m, n + 1), ohm), np.full((m + 1, n), ohm)
    u, v = dense(g, word, bit, {"left": left, "bottom": np.zeros(n)})
    result = solve_crossbar(g, ohm, ohm, left=left)
    np.testing.assert_allclose(result.word_voltage, u.astype(float), rtol=0, atol=1e-10 * 0.1)
    np.testing.assert_allclose(result.bit_voltage, v.astype(float), rtol=0, atol=1e-10 * 0.1)
    current = (g * (u - v)).astype(float)
    np.testing.assert_allclose(result.device_current, current, rtol=0, atol=1e-10 * abs(current).max())
    output = current.sum(axis=0)
    np.testing.assert_allclose(-result.bottom_current, output, rtol=0, atol=1e-10 * abs(current).max())


@pytest.mark.parametrize("seed", range(6))
def test_unequal_wires_and_sources_on_all_sides_are_those_of_a_dense_solve(seed):
    g, word, bit, ends = crossbar((9, 11), seed)
    u, v = dense(g, word, bit, ends)
    result = solve_crossbar(g, word, bit, **ends)
    np.testing.assert_allclose(result.word_voltage, u.astype(float), rtol=0, atol=1e-10 * 0.1)
    np.testing.assert_allclose(result.bit_voltage, v.astype(float), rtol=0, atol=1e-10 * 0.1)
    for side, at, ohm in (
        ("left", u[:, 0], word[:, 0]), ("right", u[:, -1], word[:, -1]), ("top", v[0], bit[0]),
        ("bottom", v[-1], bit[-1]),
    ):  # fmt: skip
        expected = np.nan_to_num(((ends[side] - at) / ohm).astype(float))
        np.testing.assert_allclose(getattr(result, f"{side}_current"), expected, rtol=0, atol=1e-10 * 0.1 / 0.5)


@pytest.mark.parametrize("case", GOLDENS["cases"], ids=lambda case: f"seed{case['seed']}")
def test_badcrossbar_agrees(case):
    g = 1 / np.array(case["resistances"])
    result = solve_crossbar(g, case["r_i_word_line"], case["r_i_bit_line"], left=np.array(case["applied_voltages"]))
    for mine, name in (
        (-result.bottom_current, "output"), (result.device_current, "device"), (result.word_voltage, "word_line"),
        (result.bit_voltage, "bit_line"),
    ):  # fmt: skip
        golden = np.array(case[name])
        np.testing.assert_allclose(mine, golden, rtol=0, atol=1e-8 * abs(golden).max())


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_ngspice_agrees(seed, tmp_path):
    g, word, bit, ends = crossbar((6, 7), seed)

    def name(node):
        return "_".join(str(part) for part in node)

    lines = ["* crossbar"]
    for k, (a, b, siemens) in enumerate(elements(g, word, bit, ends)):
        if siemens:
            lines.append(f"R{k} {name(a)} {name(b)} {1 / siemens:.17g}")
    for side, volts in ends.items():
        lines += [f"V{side}_{k} {side}_{k} 0 {volt:.17g}" for k, volt in enumerate(volts) if not np.isnan(volt)]
    deck = tmp_path / "crossbar.cir"
    deck.write_text("\n".join([*lines, ".options reltol=1e-9 vntol=1e-12 abstol=1e-15", ".tran 1n 2n", ".end", ""]))
    seen = spice.run_deck(deck).vectors
    result = solve_crossbar(g, word, bit, **ends)
    for kind, mine in (("w", result.word_voltage), ("b", result.bit_voltage)):
        theirs = np.array([[seen[f"v({kind}_{i}_{j})"][0] for j in range(7)] for i in range(6)])
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-4 * abs(theirs).max())


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("shape", [(64, 64), (3, 200), (200, 3)])
def test_currents_are_conserved_whatever_the_wires(shape, ratio):
    g = devices(shape, 3)
    left = np.random.default_rng(4).uniform(0.0, 0.1, shape[0])
    result = solve_crossbar(g, 500 * ratio, 500 * ratio, left=left, right=left)
    sources = result.left_current + result.right_current
    scale = abs(result.device_current.sum(axis=1)).max()
    np.testing.assert_allclose(sources, result.device_current.sum(axis=1), rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(
        -result.bottom_current, result.device_current.sum(axis=0), rtol=0, atol=1e-9 * abs(result.bottom_current).max()
    )
    assert sources.sum() == pytest.approx(-result.bottom_current.sum(), rel=1e-9)


@pytest.mark.parametrize("ratio", [1e-5, 1e-1])
def test_devices_of_six_decades_are_those_of_a_dense_solve(ratio):
    g = 10.0 ** np.random.default_rng(5).uniform(-8, -2, (10, 10))
    ohm = ratio / g.max()
    wires = np.full((10, 11), ohm)
    left = np.full(10, 0.1)
    u, v = dense(g, wires, wires.T, {"left": left, "bottom": np.zeros(10)})
    result = solve_crossbar(g, ohm, ohm, left=left)
    np.testing.assert_allclose(result.word_voltage, u.astype(float), rtol=0, atol=1e-11)
    np.testing.assert_allclose(result.bit_voltage, v.astype(float), rtol=0, atol=1e-11)


def test_512_lines():
    g = devices((512, 512), 6)
    for ratio in (1e-5, 1e-1):
        result = solve_crossbar(g, 500 * ratio, 500 * ratio, left=0.1)
        assert result.residual < 1e-8 * abs(result.device_current).max()
        assert -result.bottom_current.sum() == pytest.approx(result.device_current.sum(), rel=1e-8)
    # One line of the uniform crossbar that everybody drives alike: N loads of 1/500 S on a ladder, from a recursion.
    uniform = solve_crossbar(np.full((512, 1), 1 / 500), 1e-9, 50.0, left=0.1)
    below = 0.0  # conductance seen from the top of the bit line downward is built from the free end
    source = 0.0
    for _ in range(512):  # Thévenin of one tap after the other
        conductance = below + 1 / 500
        volt = (below * source + 0.1 / 500) / conductance
        below, source = 1 / (1 / conductance + 50.0), volt
    assert -uniform.bottom_current[0] == pytest.approx(source * below, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word_ohm": -1.0}, "word_ohm: values must be finite and not negative"),
        ({"bit_ohm": np.nan}, "bit_ohm: values must be finite and not negative"),
        ({"word_ohm": np.ones((2, 2))}, "word_ohm"),
        ({"device_siemens": -np.ones((3, 3))}, "device_siemens: values must be finite and not negative"),
        ({"left": np.ones(2)}, "left: shape (2,), needs (3,)"),
        ({"left": np.inf}, "left: voltages must be finite"),
        ({"device_siemens": np.diag([0.0, 1, 1]), "left": np.array([np.nan, 1, 1])}, "word line 0 floats"),
        ({"left": None, "bottom": None}, "floats"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, message):
    values = {"device_siemens": np.ones((3, 3)), "word_ohm": 1.0, "bit_ohm": 1.0, "left": 1.0} | change
    with pytest.raises(InputError) as problem:
        solve_crossbar(**values)
    assert message in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize("drives", [1, 40])
@pytest.mark.parametrize("ohm", [1e-320, 1e-300, 1e-160, 1e-20, 1e20, 1e160, 1e300])
def test_resistances_far_apart_are_refused_or_solved_as_resistors_are(ohm, drives):
    """Some that rounding spoils had voltages beyond their sources', or NaN; others ended in errors of libraries."""
    rng = np.random.default_rng(7)
    for each in (np.full((6, 3), ohm), np.where(rng.random((6, 3)) < 0.5, ohm, 1.0)):
        left = rng.random((drives, 6))
        try:
            found = solve_crossbar(np.full((6, 2), 1e-4), each, 1.0, left=left)
        except InputError as error:
            assert "too far apart" in str(error) and len(str(error)) < 200
        else:
            for volts in (found.word_voltage, found.bit_voltage):
                assert np.all((volts > -1e-5) & (volts < 1 + 1e-5))


@pytest.mark.parametrize("shape", [(2, 6), (6, 2), (5, 9), (9, 5)])
def test_columns_at_once_are_those_of_a_dense_solve(shape):
    """Many drives: blocks as wide as the fewer lines; sources at all sides, lines held at one end, open devices."""
    g, word, bit, ends = crossbar(shape, 3)
    drives = np.random.default_rng(4).uniform(-1, 1, (70, 4))
    many = {side: drives[:, [k]] * volts for k, (side, volts) in enumerate(ends.items())}
    found = solve_crossbar(g, word, bit, **many)
    assert found.iterations == 0 and found.residual < 1e-12
    for k in (0, 63, 69):
        u, v = dense(g, word, bit, {side: volts[k] for side, volts in many.items()})
        np.testing.assert_allclose(found.word_voltage[k], u.astype(float), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.bit_voltage[k], v.astype(float), rtol=0, atol=1e-12)


@pytest.mark.parametrize("drives", [3, 20, 40])  # each by itself, and by columns
def test_many_drives_are_each_drive_alone(drives):
    rng = np.random.default_rng(drives)
    g, left, bottom = devices((9, 7), 1), rng.uniform(-1, 1, (drives, 9)), rng.uniform(-1, 1, (drives, 7))
    together = solve_crossbar(g, 3.0, 5.0, left=left, right=0.2, bottom=bottom)
    for k in range(drives):
        alone = solve_crossbar(g, 3.0, 5.0, left=left[k], right=0.2, bottom=bottom[k])
        for name in ("word_voltage", "device_current", "left_current", "right_current", "bottom_current"):
            assert getattr(together, name)[k] == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-15), name
    assert together.residual < 1e-13


@pytest.mark.parametrize("drives", [None, 2])
def test_lines_without_resistance_are_one_node(drives):
    """Word lines at their sources' voltages: bit lines of 0 Ω are products, others ladders between known voltages."""
    rng = np.random.default_rng(5)
    g = devices((6, 4), 2)
    left = rng.uniform(-1, 1, 6 if drives is None else (drives, 6))
    product = solve_crossbar(g, 0.0, 0.0, left=left)
    assert -product.bottom_current == pytest.approx(left @ g, rel=1e-12)
    assert product.left_current == pytest.approx(left * g.sum(axis=1), rel=1e-12)
    word, bit = np.zeros((6, 5)), rng.uniform(1, 9, (7, 4))
    ladders = solve_crossbar(g, word, bit, left=left)
    small = solve_crossbar(g, np.full((6, 5), 1e-9), bit, left=left)
    assert ladders.bottom_current == pytest.approx(small.bottom_current, rel=1e-7)
    assert ladders.left_current.sum() == pytest.approx(-ladders.bottom_current.sum(), rel=1e-9)


def test_single_segments_of_0_ohm_and_sources_at_both_ends():
    g = devices((5, 4), 3)
    word = np.full((5, 5), 2.0)
    word[1, :], word[2, 0], word[3, 2] = 0.0, 0.0, 0.0
    tiny = np.where(word == 0, 1e-6, word)
    left, right = np.array([0.1, 0.2, -0.1, 0.3, 0.0]), np.array([np.nan, 0.2, 0.1, np.nan, 0.0])
    found, near = (solve_crossbar(g, each, 2.0, left=left, right=right) for each in (word, tiny))
    assert found.bottom_current == pytest.approx(near.bottom_current, rel=1e-5)
    assert found.left_current[[0, 2, 3, 4]] == pytest.approx(near.left_current[[0, 2, 3, 4]], rel=1e-5)
    assert found.left_current[1] == found.right_current[1]  # how they share is open: evenly
    assert found.left_current[1] + found.right_current[1] == pytest.approx(found.device_current[1].sum(), rel=1e-12)
    assert np.isnan(right).sum() == 2 and found.right_current[[0, 3]].tolist() == [0.0, 0.0]


def test_a_source_that_only_some_drives_have_and_two_voltages_on_one_node_are_refused():
    g = devices((2, 2), 1)
    with pytest.raises(InputError, match="right: a line has a source in some drives only"):
        solve_crossbar(g, 1.0, 1.0, left=np.ones((2, 2)), right=np.array([[0.0, np.nan], [0.0, 0.0]]))
    with pytest.raises(InputError, match="bottom: 2 drives, another end has 3"):
        solve_crossbar(g, 1.0, 1.0, left=np.ones((3, 2)), bottom=np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"sources of 0\.1 V and 0\.2 V are joined by segments of 0 Ω"):
        solve_crossbar(g, 0.0, 1.0, left=0.1, right=0.2)


@pytest.mark.parametrize("across", [False, True])
def test_one_line_whose_crossing_lines_have_no_source_is_a_divider(across):
    """No segment of the crossing lines carries anything; it was a ValueError of NumPy's."""
    shape, ends = ((4, 1), ("top", "bottom")) if across else ((1, 4), ("left", "right"))
    solution = solve_crossbar(
        np.full(shape, 1e-3), 2.0, 2.0, **{"bottom": None} | dict(zip(ends, (1.0, 0.0), strict=True))
    )
    for volts in (solution.word_voltage, solution.bit_voltage):
        np.testing.assert_allclose(volts.ravel(), [0.8, 0.6, 0.4, 0.2], rtol=1e-12)
    assert abs(solution.device_current).max() < 1e-15
    assert getattr(solution, f"{ends[0]}_current") == pytest.approx([0.1])
