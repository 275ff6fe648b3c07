"""Recall of pictures from distorted copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


class PictureRow(NamedTuple):
    """How often one picture came back at one distortion.

    Attributes:
        picture: its file or letter.
        distortion: share of flipped bits.
        accuracy_mean: mean share of right bits.
        recalled: trials with every bit right, and at rest.
        time_mean: mean time to solution in s of the trials at rest; NaN when none is.
    """

    picture: str
    distortion: float
    accuracy_mean: float
    recalled: int
    time_mean: float


def recall_pictures(
    paths: Sequence[Path], distortions: Sequence[float], trials: int, seed: int, *, engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> list[PictureRow]:  # fmt: skip
    """Store pictures together on the paper's network with ideal wires, and recall distorted copies.

    Args:
        paths: PNG or text bitmaps of one size; none: the letters U, T and D.
        distortions: shares of flipped bits, 0 … 1.
        trials: per picture and distortion.
        seed: of the distortions.
        engine: simulation engine.
        progress: called with (trials done, in all).

    Raises:
        InputError: a bad picture, pictures of different sizes, or a distortion outside 0 … 1.
    """
    from sim.tasks.images import letters, read_images
    from sim.tasks.random_recall import image_recall
    from sim.tasks.scores import summarise
    from sim.tasks.setup import paper_design

    if paths:
        patterns, names = read_images(list(paths))[0], [path.name for path in paths]
    else:
        drawn = letters()
        patterns, names = np.array([picture.ravel() for picture in drawn.values()]), list(drawn)
    result = image_recall(
        paper_design(patterns.shape[1]), patterns, np.array(distortions), trials, seed, engine=engine, progress=progress
    )
    rows = []
    for k, name in enumerate(names):
        for share in distortions:
            chosen = result.isel(trial=(result["pattern"].values == k) & (result["distortion"].values == share))
            outcome = summarise(chosen)
            values = [float(outcome[name]) for name in ("accuracy_mean", "time_mean")]
            rows.append(PictureRow(name, float(share), values[0], int(outcome["recalled"].sum()), values[1]))
    return rows
