"""Which device of a layout is which neuron's: by its nets, and where these are wrong, by its place in the array."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from hwlib.network import DW_IN, DW_OUT, MTJ_OUT

UNKNOWN = -1
Labels = dict[str, list[tuple[float, float]]]


def identify(named: np.ndarray, place: np.ndarray, kinds: np.ndarray, labels: Labels) -> np.ndarray:
    """Return for each device its index ``post·N + pre`` in the reference, or −1.

    A device is what its dendrite and drive say; two that say the same, and those that say nothing, are told apart
    by where they lie: rows share a dendrite, columns a drive.

    Args:
        named: reference net at each terminal, −1 for a net without one clear name, shape (devices, 4).
        place: pillar centres in µm, shape (devices, 2).
        kinds: neuron whose dendrite (column 0) or drive (column 1) each reference net is, or −1, shape (nets, 2).
        labels: places of the labels in µm, by name.
    """
    n = int(kinds.max()) + 1
    claim = _by_nets(named, kinds, n)
    rows, columns = _lattice(claim, place, labels, n)
    _settle_rivals(claim, place, rows, columns, n)
    return _by_place(claim, place, rows, columns, n)


def _by_nets(named: np.ndarray, kinds: np.ndarray, n: int) -> np.ndarray:
    dendrite = np.append(kinds[:, 0], UNKNOWN)[named]  # index −1 hits the appended entry
    drive = np.append(kinds[:, 1], UNKNOWN)[named]
    pre = np.where(drive[:, DW_IN] >= 0, drive[:, DW_IN], drive[:, DW_OUT])
    post = dendrite[:, MTJ_OUT]
    axon = (post >= 0) & (pre >= 0) & (post != pre)
    feeder = np.where(dendrite[:, DW_IN] >= 0, dendrite[:, DW_IN], dendrite[:, DW_OUT])
    soma = (drive[:, MTJ_OUT] >= 0) & (drive[:, MTJ_OUT] == feeder)
    return np.where(axon, post * n + pre, np.where(soma, feeder * (n + 1), UNKNOWN))


def _lattice(claim: np.ndarray, place: np.ndarray, labels: Labels, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the rows and columns of the array lie (y of each post, x of each pre); NaN where nothing tells."""
    post, pre = np.divmod(claim, n)
    known = claim >= 0
    rows = _lines(post[known], place[known, 1], [_middle(labels.get(f"dend_{i}"), 1) for i in range(n)])
    columns = _lines(pre[known], place[known, 0], [_middle(labels.get(f"drive_{j}"), 0) for j in range(n)])
    return rows, columns


def _middle(points: list[tuple[float, float]] | None, axis: int) -> float:
    return float(np.median([point[axis] for point in points])) if points else np.nan


def _lines(index: np.ndarray, at: np.ndarray, label_at: list[float]) -> np.ndarray:
    """Median coordinate per line; lines without devices from their neighbours' regular pitch, or their label."""
    n = len(label_at)
    order = np.argsort(index, kind="stable")
    groups = np.split(at[order], np.searchsorted(index[order], np.arange(1, n)))
    lines = np.array([np.median(group) if len(group) else np.nan for group in groups])
    have = np.flatnonzero(np.isfinite(lines))
    lack = np.flatnonzero(~np.isfinite(lines))
    if not len(lack):
        return lines
    marks = np.array(label_at)
    offset = np.nanmedian(lines - marks) if np.isfinite(lines - marks).any() else 0.0
    lines[lack] = marks[lack] + offset
    if len(have) >= 2:
        pitch, start = np.polyfit(have, lines[have], 1)
        lines[lack] = start + pitch * lack
    return lines


def _settle_rivals(claim: np.ndarray, place: np.ndarray, rows: np.ndarray, columns: np.ndarray, n: int) -> None:
    """Of several devices that claim one index the nearest to its place keeps it."""
    known = np.flatnonzero(claim >= 0)
    post, pre = np.divmod(claim[known], n)
    distance = np.hypot(place[known, 0] - columns[pre], place[known, 1] - rows[post])
    order = known[np.lexsort((distance, claim[known]))]
    again = claim[order][1:] == claim[order][:-1]
    claim[order[1:][again]] = UNKNOWN


def _by_place(claim: np.ndarray, place: np.ndarray, rows: np.ndarray, columns: np.ndarray, n: int) -> np.ndarray:
    lost = np.flatnonzero(claim < 0)
    free = np.setdiff1d(np.arange(n * n), claim)
    if not len(lost) or not len(free):
        return claim
    at = np.stack([columns[free % n], rows[free // n]], axis=-1)
    if len(lost) * len(free) > 25_000_000:  # another design altogether: no use in pairing thousands of strangers
        return claim
    distance = np.nan_to_num(np.abs(place[lost][:, None, :] - at[None, :, :]), nan=0.0).sum(axis=-1)
    pairs = linear_sum_assignment(distance)
    claim[lost[pairs[0]]] = free[pairs[1]]
    return claim
