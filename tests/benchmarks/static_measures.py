"""The static wire solve against a direct sparse solve, and against badcrossbar where it is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any
from unittest.mock import MagicMock

import numpy as np
from machine import cpu_seconds
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from sim.static import solve_crossbar

R_ON = 500.0


def crossbar(lines: int, ratio: float, seed: int = 1) -> tuple[np.ndarray, float, np.ndarray]:
    """Devices in S (500 or 2000 ohm at random), wire segments in ohm, and ±0.1 V on the word lines."""
    rng = np.random.default_rng(seed)
    return 1 / rng.choice([R_ON, 4 * R_ON], (lines, lines)), R_ON * ratio, rng.choice([-0.1, 0.1], lines)


def direct(g: np.ndarray, ohm: float, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Word and bit voltages by assembling the nodal matrix and factoring it with SuperLU; written here anew.

    ``left``: V, shape (rows,) or (rows, drives); voltages have the drives as last dimension then.
    """
    m, n = g.shape
    u = np.arange(m * n).reshape(m, n)
    v = u + m * n
    a = np.concatenate([u[:, :-1].ravel(), v[:-1].ravel(), u.ravel()])
    b = np.concatenate([u[:, 1:].ravel(), v[1:].ravel(), v.ravel()])
    wires = np.full(len(a) - g.size, 1 / ohm)
    siemens = np.concatenate([wires, g.ravel()])
    ends = np.concatenate([u[:, 0], v[-1]])  # to the sources at the left, to ground at the bottom
    diagonal = np.bincount(np.concatenate([a, b, ends]), np.concatenate([siemens, siemens, np.full(m + n, 1 / ohm)]))
    every = np.arange(2 * m * n)
    values = np.concatenate([diagonal, -siemens, -siemens])
    place = (np.concatenate([every, a, b]), np.concatenate([every, b, a]))
    right = np.zeros((2 * m * n, *left.shape[1:]))
    right[u[:, 0]] = left / ohm
    x = splu(coo_array((values, place)).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(
        right
    )
    shape = (m, n, *left.shape[1:])
    return x[: m * n].reshape(shape), x[m * n :].reshape(shape)


def against_direct(lines: int, ratio: float) -> dict[str, Any]:
    """CPU times of both, and how far bit-line currents are apart, relative to the largest."""
    g, ohm, left = crossbar(lines, ratio)
    solve_crossbar(g, ohm, ohm, left=left)
    mine, result = cpu_seconds(lambda: solve_crossbar(g, ohm, ohm, left=left), 5, 10.0)
    theirs, (_, bit) = cpu_seconds(lambda: direct(g, ohm, left), 3, 5.0)
    expected = bit[-1] / ohm
    apart = float(np.abs(-result.bottom_current - expected).max() / np.abs(expected).max())
    scale = float(np.abs(result.device_current).max())
    return {
        "lines": lines, "ratio": ratio, "seconds": mine, "direct_seconds": theirs, "gain": theirs / mine,
        "apart": apart, "residual": result.residual / scale, "iterations": result.iterations,
    }  # fmt: skip


def against_direct_many(lines: int, ratio: float, drives: int) -> dict[str, Any]:
    """The same for many input vectors at once; both factorise once."""
    g, ohm, _ = crossbar(lines, ratio)
    left = np.random.default_rng(2).choice([-0.1, 0.1], (drives, lines))
    solve_crossbar(g, ohm, ohm, left=left[:2])
    mine, result = cpu_seconds(lambda: solve_crossbar(g, ohm, ohm, left=left), 3, 10.0)
    alone, _ = cpu_seconds(lambda: solve_crossbar(g, ohm, ohm, left=left[0]), 5, 5.0)
    theirs, (_, bit) = cpu_seconds(lambda: direct(g, ohm, left.T), 1)
    expected = bit[-1].T / ohm
    apart = float(np.abs(-result.bottom_current - expected).max() / np.abs(expected).max())
    return {
        "lines": lines, "ratio": ratio, "drives": drives, "seconds": mine, "direct_seconds": theirs,
        "gain": theirs / mine, "gain_alone": alone * drives / mine, "apart": apart,
        "residual": result.residual / float(np.abs(result.device_current).max()),
    }  # fmt: skip


def against_badcrossbar(lines: int, ratio: float) -> dict[str, Any]:
    """The same against badcrossbar; ``installed`` says whether it is."""
    if find_spec("badcrossbar") is None:
        return {"installed": False}
    if find_spec("cairo") is None:
        sys.modules["cairo"] = MagicMock()  # its pictures need cairo, its computing does not
    import badcrossbar

    g, ohm, left = crossbar(lines, ratio)
    mine, result = cpu_seconds(lambda: solve_crossbar(g, ohm, ohm, left=left), 5, 10.0)
    theirs, answer = cpu_seconds(lambda: badcrossbar.compute(left.reshape(-1, 1), 1 / g, ohm), 1)
    expected = np.asarray(answer.currents.output).ravel()
    apart = float(np.abs(-result.bottom_current - expected).max() / np.abs(expected).max())
    return {
        "installed": True, "lines": lines, "ratio": ratio, "seconds": mine, "direct_seconds": theirs,
        "gain": theirs / mine, "apart": apart,
    }  # fmt: skip
