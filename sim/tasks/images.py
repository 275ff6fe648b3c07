"""Binary images as patterns: what is no set of pictures, our three letters, distortion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hwlib.errors import InputError
from sim.tasks.picture_files import parse_text

_U = """
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##########
    ##########"""
_T = """
    ##########
    ##########
    ##########
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##...."""
_LIGHT_T = """
    ##########
    ##########
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##...."""
_D = """
    ######....
    #######...
    ##...###..
    ##....##..
    ##....##..
    ##....##..
    ##....##..
    ##...###..
    #######...
    ######...."""
_WIDE_D = """
    #######...
    ########..
    ##....###.
    ##.....##.
    ##......##
    ##......##
    ##.....##.
    ##....###.
    ########..
    #######..."""
_LETTERS = {
    "plain": {"U": _U, "T": _T, "D": _D},
    "light": {"U": _U, "T": _LIGHT_T, "D": _D},
    "wide": {"U": _U, "T": _T, "D": _WIDE_D},
}
Drawing = Literal["plain", "light", "wide"]


def letters(drawing: Drawing = "plain") -> dict[str, np.ndarray]:
    """The letters U, T and D as 10 × 10 bitmaps, drawn for this project; the paper does not publish its own.

    Args:
        drawing: ``plain``, near 50 % ON each; ``light``, whose T is 36 % ON: still a rest state, but every start leans
            toward its inverse, because OFF axons conduct too; ``wide``, whose D shares more with the U.
    """
    drawn = _LETTERS[drawing].items()
    return {name: parse_text(text.split(), f"letter {name}") for name, text in drawn}


def refuse_no_set(paths: Sequence[Path], pictures: Sequence[np.ndarray]) -> None:
    """Refuse pictures that cannot be the patterns of one network.

    Args:
        paths: their files, for messages.
        pictures: their bits, shape (rows, columns) each.

    Raises:
        InputError: different sizes, or one picture twice (its inverse is the same memory).
    """
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InputError(
                f"{path}: {picture.shape[0]} × {picture.shape[1]} pixels, the first picture has "
                f"{pictures[0].shape[0]} × {pictures[0].shape[1]}"
            )
    seen: dict[bytes, int] = {}
    for k, picture in enumerate(pictures):
        first = seen.setdefault((picture ^ picture.flat[0]).tobytes(), k)  # a picture and its inverse look alike
        if first != k:
            same = picture.flat[0] == pictures[first].flat[0]
            how = "the same picture as" if same else "the inverse, and so the same memory, as"
            raise InputError(f"{paths[k]}: {how} {paths[first]}")


def flipped_bits(fraction: float, bits: int) -> int:
    """How many of so many bits ``distort`` flips for a fraction."""
    return round(fraction * bits)


def distort(pattern: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """A copy of a pattern with ``fraction`` of its bits flipped (rounded to whole bits), chosen without repeats.

    Raises:
        InputError: a fraction outside 0 … 1.
    """
    if not 0 <= fraction <= 1:
        raise InputError(f"image: distortion {fraction:g}, allowed 0 to 1")
    flipped = np.asarray(pattern).copy()
    places = rng.choice(flipped.size, size=flipped_bits(fraction, flipped.size), replace=False)
    flipped.flat[places] = 1 - flipped.flat[places]
    return flipped


def pattern_facts(patterns: np.ndarray, levels: np.ndarray, ratio: float = 0.25) -> dict[str, Any]:
    """What decides how well patterns are recalled.

    Args:
        patterns: shape (patterns, N).
        levels: the weights, shape (N, N).
        ratio: conductance of an OFF pillar over that of an ON one, R_P / R_AP.

    Returns:
        ``on_share`` (patterns,): share of ON bits; ``overlap`` (patterns, patterns): mean product of ±1 spins;
        ``unstable`` and ``unstable_inverse`` (patterns,): bits whose dendrite current pushes the other way when the
        network rests at the pattern, or at its inverse.
    """
    bits = np.asarray(patterns)
    spins = 2.0 * bits - 1.0

    def unstable(states: np.ndarray) -> np.ndarray:
        drive = np.where(states == 1, 1.0, ratio) @ levels.T
        return np.sum((drive > 0) != (states == 1), axis=1)

    return {
        "on_share": bits.mean(axis=1),
        "overlap": spins @ spins.T / bits.shape[1],
        "unstable": unstable(bits),
        "unstable_inverse": unstable(1 - bits),
    }
