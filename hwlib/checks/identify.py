"""Which device of a layout is which neuron's: by its nets, and where these are wrong, by its place in the array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.network import DW_IN, DW_OUT, MTJ_OUT

UNKNOWN = -1
Labels = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Lattice:
    """Where the lines of the array lie, in µm; NaN where nothing tells.

    Attributes:
        rows: coordinate of the devices of each postsynaptic neuron, shape (N,).
        columns: of each presynaptic neuron, shape (N,).
        turned: rows have a place along x and columns along y, in a layout turned by a quarter.
    """

    rows: np.ndarray
    columns: np.ndarray
    turned: bool

    @property
    def known(self) -> bool:
        """Whether any net's name or label tells where a line lies; else devices are matched anyhow."""
        return bool(np.isfinite(self.rows).any() or np.isfinite(self.columns).any())

    def places(self, post: np.ndarray, pre: np.ndarray) -> np.ndarray:
        """Where devices should be, shape (devices, 2)."""
        lines = [self.columns[pre], self.rows[post]]
        return np.stack(lines[::-1] if self.turned else lines, axis=-1)


def identify(
    named: np.ndarray, place: np.ndarray, kinds: np.ndarray, labels: Labels, order: np.ndarray
) -> tuple[np.ndarray, Lattice]:
    """Return for each device which it is, ``post·N + pre``, or −1; and where each should lie.

    It may be one that the reference lacks: a device where no axon should be.

    A device is what its dendrite and drive say; two that say the same, and those that say nothing, are told apart
    by where they lie: rows share a dendrite, columns a drive.

    Args:
        named: reference net at each terminal, −1 for a net without one clear name, shape (devices, 4).
        place: pillar centres in µm, shape (devices, 2).
        kinds: neuron whose dendrite (column 0) or drive (column 1) each reference net is, or −1, shape (nets, 2).
        labels: places of the labels in µm, by name.
        order: the neurons as their rows and columns stand in the drawing, shape (N,).
    """
    n = int(kinds.max()) + 1
    claim = _by_nets(named, kinds, n)
    lattice = _lattice(claim, place, labels, np.argsort(order))
    _settle_rivals(claim, place, lattice)
    return _by_place(claim, place, lattice), lattice


def not_among(count: int, found: np.ndarray) -> np.ndarray:
    """Numbers 0 … count − 1 that are not among those found (negative ones are none), ascending; no array is sorted."""
    free = np.ones(count, bool)
    free[found[found >= 0]] = False
    return np.flatnonzero(free)


def _by_nets(named: np.ndarray, kinds: np.ndarray, n: int) -> np.ndarray:
    dendrite = np.append(kinds[:, 0], UNKNOWN)[named]  # index −1 hits the appended entry
    drive = np.append(kinds[:, 1], UNKNOWN)[named]
    pre = np.where(drive[:, DW_IN] >= 0, drive[:, DW_IN], drive[:, DW_OUT])
    post = dendrite[:, MTJ_OUT]
    axon = (post >= 0) & (pre >= 0) & (post != pre)
    feeder = np.where(dendrite[:, DW_IN] >= 0, dendrite[:, DW_IN], dendrite[:, DW_OUT])
    driven = drive[:, MTJ_OUT]
    soma = (driven >= 0) & (driven == feeder)
    # one name of two serves where the other net has none: no axon drives by its pillar, or has a dendrite on its track
    soma |= (driven >= 0) & (feeder < 0) & (pre < 0)
    soma |= (feeder >= 0) & (driven < 0) & (post < 0) & (pre < 0)
    return np.where(axon, post * n + pre, np.where(soma, np.maximum(driven, feeder) * (n + 1), UNKNOWN))


def _lattice(claim: np.ndarray, place: np.ndarray, labels: Labels, rank: np.ndarray) -> Lattice:
    known, n = claim >= 0, len(rank)
    post, pre = np.divmod(claim[known], n)
    turned = _is_turned(post, pre, place[known], labels)
    down, along = (0, 1) if turned else (1, 0)
    rows = _lines(post, place[known, down], [_middle(labels.get(f"dend_{i}"), down) for i in range(n)], rank)
    columns = _lines(pre, place[known, along], [_middle(labels.get(f"drive_{j}"), along) for j in range(n)], rank)
    return Lattice(rows, columns, turned)


def _is_turned(post: np.ndarray, pre: np.ndarray, place: np.ndarray, labels: Labels) -> bool:
    """Whether rows run along y: devices of one lie so, or where no two are known, from a device to its labels."""
    along = [_spread(post, place[:, axis]) + _spread(pre, place[:, 1 - axis]) for axis in (0, 1)]
    if along[0] == along[1]:
        for k in range(len(place)):
            for text, flip in ((f"dend_{post[k]}", 0), (f"drive_{pre[k]}", 1)):
                for point in labels.get(text, []):
                    for axis in (0, 1):
                        along[axis ^ flip] += abs(point[axis] - place[k, axis])
    return bool(along[1] > along[0])


def _spread(group: np.ndarray, at: np.ndarray) -> float:
    """How far apart coordinates of one group are, at most on average over the groups."""
    if not len(group):
        return 0.0
    names, index = np.unique(group, return_inverse=True)
    high, low = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    np.maximum.at(high, index, at)
    np.minimum.at(low, index, at)
    return float(np.median(high - low))


def _middle(points: list[tuple[float, float]] | None, axis: int) -> float:
    return float(np.median([point[axis] for point in points])) if points else np.nan


def _lines(index: np.ndarray, at: np.ndarray, label_at: list[float], rank: np.ndarray) -> np.ndarray:
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
        pitch, start = np.polyfit(rank[have], lines[have], 1)
        regular = start + pitch * rank
        if np.abs(regular - lines)[have].max() < abs(pitch) / 2:  # not where the layout has another order
            lines[lack] = regular[lack]
    return lines


def _settle_rivals(claim: np.ndarray, place: np.ndarray, lattice: Lattice) -> None:
    """Of several devices that claim one index the nearest to its place keeps it."""
    known = np.flatnonzero(claim >= 0)
    distance = np.hypot(*(place[known] - lattice.places(*np.divmod(claim[known], len(lattice.rows)))).T)
    order = known[np.lexsort((distance, claim[known]))]
    again = claim[order][1:] == claim[order][:-1]
    claim[order[1:][again]] = UNKNOWN


def _by_place(claim: np.ndarray, place: np.ndarray, lattice: Lattice) -> np.ndarray:
    lost = np.flatnonzero(claim < 0)
    free = not_among(len(lattice.rows) ** 2, claim)
    if not len(lost) or not len(free):
        return claim
    if len(lost) * len(free) > 25_000_000:  # another design altogether: no use in pairing thousands of strangers
        return claim
    from scipy.optimize import linear_sum_assignment  # 0.3 s to load, and seldom asked

    at = lattice.places(*np.divmod(free, len(lattice.rows)))
    distance = np.nan_to_num(np.abs(place[lost][:, None, :] - at[None, :, :]), nan=0.0).sum(axis=-1)
    pairs = linear_sum_assignment(distance)
    claim[lost[pairs[0]]] = free[pairs[1]]
    return claim
