"""The static wire solve: potentials and currents of a resistive crossbar with wire resistance, of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal

from hwlib.errors import InputError
from hwlib.quantities import array_in_si
from sim.static_columns import solve_by_columns
from sim.static_direct import SIDES, solve_directly
from sim.static_lines import apply_crossbar, dot, factor_lines, solve_lines
from sim.static_refined import APART, far_apart, missing, refined

_BEYOND = 1e-6  # of the largest voltage
_TARGET = 1e-16  # of the residual, relative to the largest current that a source drives into a short circuit
_MOST = 2000  # iterations before the direct solve takes over
_MANY, _LINES_A_DRIVE, _BLOCKS = 16, 8, 2**27  # drives from which blocks of columns are faster; numbers in them
_GEMM_COST = 0.15  # one transform of an m × n array costs this times (m + n)/64 line sweeps


@dataclass(frozen=True)
class CrossbarSolution:
    """Potentials and currents of a crossbar; with many drives all arrays have them as first dimension.

    Attributes:
        word_voltage: of each crossing's word node, V, shape (rows, columns).
        bit_voltage: of each crossing's bit node, V, shape (rows, columns).
        device_current: from word to bit line, A, shape (rows, columns).
        left_current, right_current: from the sources into each word line, A, shape (rows,).
        top_current, bottom_current: from the sources into each bit line, A, shape (columns,).
        residual: largest current missing at a node, A.
        iterations: of the conjugate gradients, the most of any drive; 0: solved directly.
    """

    word_voltage: np.ndarray
    bit_voltage: np.ndarray
    device_current: np.ndarray
    left_current: np.ndarray
    right_current: np.ndarray
    top_current: np.ndarray
    bottom_current: np.ndarray
    residual: float
    iterations: int


def solve_crossbar(
    device_siemens: np.ndarray, word_ohm: float | str | np.ndarray, bit_ohm: float | str | np.ndarray, *,
    left: np.ndarray | float | str | None = None, right: np.ndarray | float | str | None = None,
    top: np.ndarray | float | str | None = None, bottom: np.ndarray | float | str | None = 0.0,
) -> CrossbarSolution:  # fmt: skip
    """Solve a crossbar whose word lines run along rows and bit lines along columns.

    Each crossing has a node on its word line and one on its bit line, joined by a device. A line's end reaches its
    source through one more segment. Conjugate gradients, preconditioned by solving all lines exactly or, when wires
    are so resistive that lines alone say little, by the eigenvectors of the crossbar with uniform devices; both are
    exact up to ``residual``, and a direct sparse solve stands behind them. Many drives share what is factorised: the
    preconditioner, blocks of columns where that is faster, or for segments of 0 Ω one sparse factorisation. Answers of
    conductances more than nine powers of ten apart are refined in extended precision.

    Numbers are in SI units; texts with units (``"2 ohm"``) may stand for them.

    Args:
        device_siemens: conductances ≥ 0 in S, shape (rows, columns).
        word_ohm: resistance ≥ 0 in Ω of each word-line segment, a number or shape (rows, columns + 1): the first to the
            left source, the last to the right one.
        bit_ohm: likewise of bit lines, a number or shape (rows + 1, columns), first at the top.
        left: source voltages of word lines in V, a number, shape (rows,) or for many drives at once (drives, rows);
            NaN or None: no source.
        right: likewise at the right end.
        top: source voltages of bit lines in V, a number, shape (columns,) or (drives, columns).
        bottom: likewise at the bottom end.

    Raises:
        InputError: wrong shapes or values, a line that nothing holds, sources that differ between drives in where they
            are, or sources of different voltages joined by segments of 0 Ω (equal ones share their current evenly);
            or resistances so far apart that rounding spoils the answer.
    """
    g = _checked("device_siemens", array_in_si(device_siemens, "S", "device_siemens"), None)
    m, n = g.shape
    word_ohm, bit_ohm = (
        _checked(name, np.array(np.broadcast_to(array_in_si(ohm, "ohm", name), _room(ohm, shape))), shape)
        for name, ohm, shape in (("word_ohm", word_ohm, (m, n + 1)), ("bit_ohm", bit_ohm, (m + 1, n)))
    )
    given = (left, right, top, bottom)
    ends = _drives([_ends(side, each, count) for side, each, count in zip(SIDES, given, (m, m, n, n), strict=True)])
    with np.errstate(divide="ignore"):
        word, bit = 1 / word_ohm, 1 / bit_ohm
    for siemens, volts in zip((word[:, 0], word[:, -1], bit[0], bit[-1]), ends, strict=True):
        siemens[np.isnan(volts[0])] = 0.0
    _hold(g, word, bit)
    perfect = bool(np.isinf(word).any() or np.isinf(bit).any())
    try:
        with np.errstate(all="ignore"):  # what comes of it is looked at
            u, v, currents, residual, iterations = _solved(g, (word_ohm, bit_ohm), (word, bit), ends, perfect)
    except (ArithmeticError, np.linalg.LinAlgError, RuntimeError):  # of SciPy and of the sparse factorisation
        raise InputError(APART) from None
    arrays = [u, v, g * (u - v), *currents]
    _refuse_impossible(arrays, ends)
    if all(np.ndim(each) < 2 for each in given if each is not None):
        arrays = [each[0] for each in arrays]
    u, v, through, *at_ends = (each.astype(float, copy=False) for each in arrays)
    return CrossbarSolution(u, v, through, at_ends[0], at_ends[1], at_ends[2], at_ends[3], residual, iterations)


def _solved(
    g: np.ndarray, ohm: tuple[np.ndarray, np.ndarray], siemens: tuple[np.ndarray, np.ndarray], ends: list[np.ndarray],
    perfect: bool,
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], float, int]:  # fmt: skip
    """Word and bit voltages, currents from the sources of each side, residual, iterations."""
    word, bit = siemens
    iterated = None if perfect else _all_drives(g, word, bit, ends)
    if iterated is None:
        found = solve_directly(g, *ohm, ends)
        return found.word, found.bit, found.current, found.residual, 0
    u, v, iterations, residual = iterated
    drive = [np.nan_to_num(end) for end in ends]
    currents = [
        word[:, 0] * (drive[0] - u[:, :, 0]), word[:, -1] * (drive[1] - u[:, :, -1]),
        bit[0] * (drive[2] - v[:, 0]), bit[-1] * (drive[3] - v[:, -1]),
    ]  # fmt: skip
    return u, v, currents, residual, iterations


def _refuse_impossible(arrays: list[np.ndarray], ends: list[np.ndarray]) -> None:
    """Refuse an answer that rounding has spoilt: no node of resistors lies beyond the voltages of all sources.

    Raises:
        InputError: it does, or a number is none.
    """
    volts = np.concatenate(ends, axis=1)
    low, high = np.nanmin(volts, axis=1), np.nanmax(volts, axis=1)
    slack = _BEYOND * np.maximum(abs(low), abs(high))
    for nodes in arrays[:2]:
        each = nodes.reshape(len(nodes), -1)
        if not ((each.min(axis=1) >= low - slack) & (each.max(axis=1) <= high + slack)).all():
            raise InputError(APART)
    if not all(np.isfinite(each).all() for each in arrays):
        raise InputError(APART)


def _all_drives(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, int, float] | None:
    """Word and bit voltages, shape (drives, rows, columns), most iterations, largest residual in A; None: no answer."""
    ends, least = [np.nan_to_num(end) for end in ends], min(g.shape)
    far = far_apart(g, word, bit)
    if not far and len(ends[0]) >= max(_MANY, least // _LINES_A_DRIVE) and 1 < least <= _BLOCKS / g.size:
        u, v = solve_by_columns(g, word, bit, ends)
        drives = zip(u, v, *ends, strict=True)
        return u, v, 0, max(_residual(g, word, bit, *_sources(word, bit, *end), x, y) for x, y, *end in drives)
    precondition, most, worst, found = _preconditioner(g, word, bit), 0, 0.0, []
    for end in zip(*ends, strict=True):
        source_word, source_bit = _sources(word, bit, *end)
        answer = _iterate(g, word, bit, source_word, source_bit, precondition)
        if answer is None:
            return None
        x, y, iterations = answer
        if far:
            x, y = _refined(g, word, bit, list(end), (x, y), precondition)
            lack = float(abs(missing(g, word, bit, list(end), np.stack([x, y]))).max())
        else:
            lack = _residual(g, word, bit, source_word, source_bit, x, y)
        most, worst = max(most, iterations), max(worst, lack)
        found.append((x, y))
    return np.stack([x for x, _ in found]), np.stack([y for _, y in found]), most, worst


def _refined(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, ends: list[np.ndarray], found: tuple[np.ndarray, np.ndarray],
    precondition: _Lines | _Uniform,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Voltages that rounding no longer changes.

    Raises:
        InputError: it does.
    """

    def change(volts: np.ndarray) -> np.ndarray | None:
        current = missing(g, word, bit, ends, volts).astype(float)
        answer = _iterate(g, word, bit, current[0], current[1], precondition)
        return None if answer is None else np.stack(answer[:2])

    exact = refined(np.stack(found), max(float(abs(end).max()) for end in ends), change)
    if exact is None:
        raise InputError(APART)
    return exact[0], exact[1]


def _sources(
    word: np.ndarray, bit: np.ndarray, left: np.ndarray, right: np.ndarray, top: np.ndarray, bottom: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Currents in A from the sources of one drive into word and bit nodes that are held at 0 V."""
    into_word, into_bit = np.zeros((2, len(word), bit.shape[1]))
    into_word[:, 0] += word[:, 0] * left
    into_word[:, -1] += word[:, -1] * right
    into_bit[0] += bit[0] * top
    into_bit[-1] += bit[-1] * bottom
    return into_word, into_bit


def _room(value: float | str | np.ndarray, shape: tuple[int, int]) -> tuple[int, ...]:
    return shape if np.ndim(value) == 0 else np.shape(value)


def _checked(name: str, values: np.ndarray, shape: tuple[int, int] | None) -> np.ndarray:
    if values.ndim != 2 or values.size == 0 or (shape is not None and values.shape != shape):
        raise InputError(f"{name}: shape {values.shape}, needs {shape or '(rows, columns)'}")
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        raise InputError(f"{name}: values must be finite and not negative")
    return values


def _ends(name: str, volts: np.ndarray | float | str | None, count: int) -> np.ndarray:
    values = array_in_si(np.nan if volts is None else volts, "V", name)
    if values.ndim > 2 or (values.ndim and values.shape[-1] != count) or not values.size:
        raise InputError(f"{name}: shape {values.shape}, needs ({count},), (drives, {count}) or a number")
    if np.any(np.isinf(values)):
        raise InputError(f"{name}: voltages must be finite, or NaN for no source")
    return np.broadcast_to(values, (len(values) if values.ndim == 2 else 1, count))


def _drives(ends: list[np.ndarray]) -> list[np.ndarray]:
    """All ends for every drive, shape (drives, lines)."""
    drives = max(len(end) for end in ends)
    for name, end in zip(SIDES, ends, strict=True):
        if len(end) not in (1, drives):
            raise InputError(f"{name}: {len(end)} drives, another end has {drives}")
        if (np.isnan(end) != np.isnan(end[0])).any():
            raise InputError(f"{name}: a line has a source in some drives only; solve those apart")
    return [np.broadcast_to(end, (drives, end.shape[1])) for end in ends]


def _hold(g: np.ndarray, word: np.ndarray, bit: np.ndarray) -> None:
    """Every line must reach a source over devices and lines.

    Raises:
        InputError: naming a line that floats.
    """
    words, bits = word[:, [0, -1]].any(axis=1), bit[[0, -1]].any(axis=0)
    joined = g > 0
    while True:
        more_words = words | joined[:, bits].any(axis=1)
        more_bits = bits | joined[more_words].any(axis=0)
        if np.array_equal(more_words, words) and np.array_equal(more_bits, bits):
            break
        words, bits = more_words, more_bits
    for name, held in (("word", words), ("bit", bits)):
        if not held.all():
            raise InputError(f"{name} line {int(np.flatnonzero(~held)[0])} floats: no source reaches it")


def _iterate(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, source_word: np.ndarray, source_bit: np.ndarray,
    precondition: _Lines | _Uniform,
) -> tuple[np.ndarray, np.ndarray, int] | None:  # fmt: skip
    """Preconditioned conjugate gradients; None when they do not arrive."""
    scale = max(abs(source_word).max(), abs(source_bit).max())
    x = np.zeros((2, *g.shape))
    if scale == 0:
        return x[0], x[1], 0
    r = np.stack([source_word, source_bit])
    product = np.empty_like(r)
    z = precondition(r)
    p, rz = z.copy(), dot(r, z)
    for k in range(1, _MOST + 1):
        apply_crossbar(g, word, bit, p, product)
        alpha = rz / dot(p, product)
        x += alpha * p
        r -= alpha * product
        if abs(r).max() <= _TARGET * scale:
            return x[0], x[1], k
        z = precondition(r)
        rz, previous = dot(r, z), rz
        p = z + (rz / previous) * p
    return None


def _residual(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, source_word: np.ndarray, source_bit: np.ndarray, u: np.ndarray,
    v: np.ndarray,
) -> float:  # fmt: skip
    product = np.empty((2, *g.shape))
    apply_crossbar(g, word, bit, np.stack([u, v]), product)
    return float(max(abs(product[0] - source_word).max(), abs(product[1] - source_bit).max()))


class _Lines:
    """Every line solved exactly, devices taken to the potential of the other line as it stands."""

    def __init__(self, g: np.ndarray, word: np.ndarray, bit: np.ndarray):
        self.word = factor_lines(g, word)
        self.bit = factor_lines(np.ascontiguousarray(g.T), np.ascontiguousarray(bit.T))

    def __call__(self, r: np.ndarray) -> np.ndarray:
        inverse, below = self.word
        word = solve_lines(inverse, below, r[0])
        inverse, below = self.bit
        return np.stack([word, solve_lines(inverse, below, np.ascontiguousarray(r[1].T)).T])


class _Uniform:
    """The crossbar with one device conductance and one line of each kind, by eigenvectors."""

    def __init__(self, g: float, word: tuple[np.ndarray, np.ndarray], bit: tuple[np.ndarray, np.ndarray]):
        (value_w, self.w), (value_b, self.b) = word, bit
        a, d = value_w[None, :] + g, value_b[:, None] + g
        determinant = a * d - g * g
        self.inverse = d / determinant, g / determinant, a / determinant

    def __call__(self, r: np.ndarray) -> np.ndarray:
        u, v = self.b.T @ r[0] @ self.w, self.b.T @ r[1] @ self.w
        a, b, d = self.inverse
        return np.stack([self.b @ (a * u + b * v) @ self.w.T, self.b @ (b * u + d * v) @ self.w.T])


def _preconditioner(g: np.ndarray, word: np.ndarray, bit: np.ndarray) -> _Lines | _Uniform:
    """The one expected to need less work, from bounds on both condition numbers."""
    mean = float(np.exp(np.log(g[g > 0]).mean())) if np.any(g > 0) else 0.0
    if mean == 0.0:
        return _Lines(g, word, bit)
    mean_word, mean_bit = word.mean(axis=0), bit.mean(axis=1)
    m, n = g.shape
    stiff = (_softest(mean_word) / mean + 1) * (_softest(mean_bit) / mean + 1)  # ≥ 1; at 1 no line holds itself
    coupling = min(stiff**-0.5, 1 - 1e-15)
    lines = np.sqrt((1 + coupling) / (1 - coupling))
    # The lines across a single row or column have no segment but those to their sources, and may have no source.
    spread = [float(x.max() / x[x > 0].min()) if x.any() else 1.0 for x in (g, word, bit)]
    uniform = np.sqrt(np.inf if np.any(g == 0) else spread[0] * spread[1] * spread[2])
    if lines <= uniform * (1 + _GEMM_COST * (m + n) / 64):
        return _Lines(g, word, bit)
    return _Uniform(mean, _eigen(mean_word), _eigen(mean_bit))


def _softest(segments: np.ndarray) -> float:
    """Least eigenvalue of one line's own conductance matrix."""
    values = eigh_tridiagonal(
        segments[:-1] + segments[1:], -segments[1:-1], eigvals_only=True, select="i", select_range=(0, 0)
    )
    return max(float(values[0]), 0.0)


def _eigen(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of one line's own conductance matrix."""
    values, vectors = eigh_tridiagonal(segments[:-1] + segments[1:], -segments[1:-1])
    return np.maximum(values, 0.0), vectors
