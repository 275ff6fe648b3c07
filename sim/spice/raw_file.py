"""What circuit simulators computed: binary raw files of real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class SpiceRun:
    """What a circuit simulator computed.

    Attributes:
        time: s, strictly increasing, shape (times,).
        vectors: node voltages and source currents by ngspice's lower-case name, each of shape (times,).
        measures: times in s by name; those that did not happen are missing.
    """

    time: np.ndarray
    vectors: dict[str, np.ndarray]
    measures: dict[str, float]


def read_raw(path: Path) -> tuple[list[str], np.ndarray]:
    """Lower-case names of the variables and their values, shape (points, variables).

    Raises:
        ValueError, StopIteration: it is cut off, or no such file.
    """
    head, _, body = path.read_bytes().partition(b"Binary:\n")
    lines = head.decode("latin-1").splitlines()
    count = next(int(line.split(":")[1]) for line in lines if line.startswith("No. Variables"))
    points = next(int(line.split(":")[1]) for line in lines if line.startswith("No. Points"))
    first = lines.index("Variables:") + 1
    names = [line.split()[1].lower() for line in lines[first : first + count]]
    return names, np.frombuffer(body, "<f8", points * count).reshape(points, count)


def spice_run(names: list[str], values: np.ndarray, measures: dict[str, float]) -> SpiceRun:
    """A run of what ``read_raw`` returns, without time points that stand twice."""
    time = values[:, names.index("time")]
    later = np.concatenate([[True], np.diff(time) > 0])
    vectors = {name: values[later, k] for k, name in enumerate(names) if name != "time"}
    return SpiceRun(time[later], vectors, measures)
