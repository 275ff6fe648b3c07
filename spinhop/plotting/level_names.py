"""Short names of the values of a parameter, each its own: two values under one name would be one line of a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

from hwlib.errors import cut

LONGEST = 40  # characters
_MOST_DIGITS = 17  # that a float has


def text_names(texts: Sequence[str], longest: int = LONGEST) -> list[str]:
    """Names of different texts: cut at their ends, else without what they all begin with, else numbered."""
    pairs = zip(min(texts), max(texts), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    head = longest // 3  # of what they all begin with
    for names in (
        [cut(text, longest) for text in texts],
        [f"{cut(text[:same], head)}{cut(text[same:], longest - head)}" for text in texts],
    ):
        if len(set(names)) == len(texts):
            return names
    return [f"{k + 1}: {cut(text, longest - 6)}" for k, text in enumerate(texts)]


def number_names(values: Sequence[float], told: Callable[[float, int], str]) -> list[str]:
    """Names of different numbers, with as many significant digits as tell them apart, four at least."""
    names: list[str] = []
    for digits in range(4, _MOST_DIGITS + 1):
        names = [told(value, digits) for value in values]
        if len(set(names)) == len(values):
            break
    return names
