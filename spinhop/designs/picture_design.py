"""Recall of pictures from distorted copies: the design that ``spinhop image`` makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop.designs.task_designs import task_design


def picture_design(
    paths: Sequence[Path], distortions: Sequence[float], trials: int, seed: int, *, threshold: float = 0.5,
    invert: bool = False,
) -> Design:  # fmt: skip
    """The paper's network that stores pictures together, and recalls distorted copies.

    Args:
        paths: bitmaps or text of one size, see ``sim.tasks.picture_files``; none: the letters U, T and D.
        distortions: shares of flipped bits, 0 … 1.
        trials: per picture and distortion.
        seed: of the distortions.
        threshold: brightness below which a pixel is dark, share of white.
        invert: light pixels are ON instead of dark ones.

    Raises:
        InputError: a bad picture, pictures of different sizes, or a distortion outside 0 … 1.
    """
    for share in distortions:
        if not 0 <= share <= 1:
            raise InputError(f"image: distortion {share:g}, allowed 0 to 1")
    if len(set(distortions)) < len(distortions):
        raise InputError("image: a distortion is given twice")
    if not 0 < threshold <= 1:
        raise InputError(f"threshold: {threshold:g}, allowed above 0 to 1, a share of white")
    task = {
        "kind": "images", "pictures": tuple(map(str, paths)) or None, "distortion": tuple(distortions),
        "trials": trials, "threshold": threshold, "invert": invert,
    }  # fmt: skip
    return task_design(task, seed=seed)
