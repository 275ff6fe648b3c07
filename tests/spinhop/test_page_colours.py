"""Colours of the pages, as people with each kind of colour vision see them."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from spinhop.pages import page

STYLE = (Path(page.__file__).parents[1] / "templates" / "style.css").read_text(encoding="utf-8")
# Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1, on linear RGB.
VISION = {
    "all cones": np.eye(3),
    "no long": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no middle": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no short": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def series(dark):
    """The seven colours of neurons; a dark page's own ones replace the light page's."""
    light, other = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--series-(\d): (#[0-9a-f]{6})", light))
    if dark:
        found |= dict(re.findall(r"--series-(\d): (#[0-9a-f]{6})", other))
    return [found[str(k)] for k in range(7)]


def lab(colour, vision):
    """CIE L*a*b* (D65) of a colour as someone sees it."""
    rgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(vision @ linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("vision", list(VISION))
def test_neurons_colours_are_told_apart(vision, dark):
    seen = {colour: lab(colour, VISION[vision]) for colour in series(dark)}
    assert len(seen) == 7
    nearest = min((np.linalg.norm(seen[a] - seen[b]), a, b) for a, b in combinations(seen, 2))
    assert nearest[0] > 10, nearest  # a difference of 2.3 is just seen


def test_red_and_green_would_not_do():
    one, other = (lab(colour, VISION["no middle"]) for colour in ("#8c564b", "#2ca02c"))
    assert np.linalg.norm(one - other) < np.linalg.norm(lab("#8c564b", np.eye(3)) - lab("#2ca02c", np.eye(3))) / 2
